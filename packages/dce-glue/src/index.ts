/**
 * Direct code execution: processes, files, sockets and the scenario API over simulated Linux hosts.
 *
 * @packageDocumentation
 */
export * from "./fd/index.ts";
export * from "./fs/index.ts";
export { IpCommandError } from "./ip/ip-command-error.ts";
export { type IpCommand, parseIpCommand, runIpCommand } from "./ip/ip-language.ts";
export { ipProgram } from "./ip/ip-program.ts";
export {
  NetlinkClient,
  type NetlinkAnswer,
  type NetlinkKernel,
  type NetlinkRequest,
} from "./netlink/netlink-client.ts";
export { type RtnlClient, rtnetlinkClient } from "./netlink/rtnetlink-client.ts";
export { parseTcCommand, runTcCommand, type TcCommand } from "./tc/tc-language.ts";
export { tcProgram } from "./tc/tc-program.ts";
export type {
  DceHandle,
  DceHandleClassic,
  DceHandleExtensions,
  DceHandleLkl,
  SimFile,
  SimImported,
} from "./kernel/dce-handle.ts";
export {
  KERNEL_HANDLE_VERSION,
  type KernelHandle,
  type KernelHandleClassic,
  type KernelHandleExtensions,
  type KernelHandleLkl,
  type SimExported,
} from "./kernel/kernel-handle.ts";
export * from "./kernel/kernel-objects.ts";
export {
  type KernelHost,
  type KernelInstance,
  type KernelProvider,
  type KernelWarning,
  kernelProvider,
  kernelProviderNames,
  loadKernelProviders,
  registerKernelProvider,
  type SimInit,
} from "./kernel/kernel-provider.ts";
export {
  assertKernelHandle,
  KernelHandleError,
  missingDceHandleFields,
  missingKernelHandleFields,
} from "./kernel/handle-fields.ts";
export { KernelSocketFd, type KernelSocketOwner } from "./kernel/kernel-socket-fd.ts";
export { KernelSysctl, type SysctlFailure } from "./kernel/kernel-sysctl.ts";
export {
  KernelStoppedError,
  LinuxSocketFdFactory,
  type LinuxSocketFdFactoryOptions,
} from "./kernel/linux-socket-fd-factory.ts";
export type { LklHelpers } from "./kernel/lkl-helpers.ts";
export * from "./kernel/rtnl-request.ts";
export {
  type SimDceHandle,
  type SimDceHandleOptions,
  simDceHandle,
} from "./kernel/sim-dce-handle.ts";
export {
  type LiveHostObjects,
  SimHostOperations,
  type SimHostOpsOptions,
  simHostOps,
} from "./kernel/sim-host-ops.ts";
export { SimNic } from "./kernel/sim-nic.ts";
export { NftCommandError } from "./nft/nft-command-error.ts";
export { type NftCommand, parseNftCommand, runNftCommand } from "./nft/nft-language.ts";
export { nftProgram } from "./nft/nft-program.ts";
export * from "./posix/index.ts";
export * from "./process/index.ts";
export type {
  SimInterface,
  SimLink,
  SimLinkOptions,
  SimSwitch,
} from "./scenario/link.ts";
export type {
  NodeFiles,
  NodeOptions,
  NodeSysctl,
  Program,
  SimNode,
  SimProcess,
  StartOptions,
} from "./scenario/node.ts";
export type {
  InterfaceResult,
  LeakReport,
  NodeResult,
  ProcessResult,
  RunCounters,
  RunResult,
  WarningResult,
} from "./scenario/run-result.ts";
export { type RunOverrides, runScenario } from "./scenario/run-scenario.ts";
export { ScenarioError } from "./scenario/scenario-error.ts";
export { isScenarioFault } from "./scenario/scenario-fault.ts";
export {
  type OptionDeclaration,
  type OptionDeclarations,
  type OptionInputs,
  type OptionValues,
  optionUsage,
  parseOptionArguments,
  resolveOptions,
} from "./scenario/scenario-options.ts";
export {
  isScenario,
  type Scenario,
  type ScenarioConfig,
  type ScenarioOutcome,
  type ScenarioSetup,
  type NoOptions,
  type Simulation,
  simulation,
  type SwitchOptions,
} from "./scenario/simulation.ts";
