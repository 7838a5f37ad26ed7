/** Public part of the nodes' files. */
export type { CharacterDevice } from "./device.ts";
export { FileAccess } from "./file-access.ts";
export type { DirectoryEntry } from "./file-fds.ts";
export { FileSystem, type FileSystemOptions, type UtimeValue } from "./file-system.ts";
export { exportTo, importHostFile, importHostFolder } from "./host-folder.ts";
export { DirectoryInode, Inode, RegularInode, SocketInode, SymlinkInode } from "./inode.ts";
export type { FsCaller } from "./permission.ts";
export { SyntheticDirectory, SyntheticInode } from "./synthetic.ts";
