/** What this package uses of Node.js, where it runs in it. In a browser there is none of it. */
export interface NodeModules {
  "node:fs": {
    readdirSync(folder: string): string[];
    readFileSync(file: string): Uint8Array<ArrayBuffer>;
    readFileSync(file: string, encoding: "utf8"): string;
    existsSync(file: string): boolean;
  };
  "node:v8": { setFlagsFromString(flag: string): void };
  "node:url": { fileURLToPath(url: URL): string };
}

interface NodeProcess {
  readonly versions?: { readonly v8?: string };
  getBuiltinModule?<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined;
}

/** @returns undefined where this is not Node.js */
export function nodeModule<Name extends keyof NodeModules>(
  name: Name,
): NodeModules[Name] | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both members are optional
  const { process } = globalThis as { process?: NodeProcess };
  return process?.getBuiltinModule?.(name);
}

/** The major version of V8, 0 where this is not Node.js. */
export function v8Version(): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all members are optional
  const { process } = globalThis as { process?: NodeProcess };
  return Number.parseInt(process?.versions?.v8 ?? "0", 10);
}
