/**
 * What a scenario asks for cannot be done: a bad address, an unknown kernel or sysctl, a value out
 * of range, a name used twice. The message is one line and names the node and the text at fault.
 */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}
