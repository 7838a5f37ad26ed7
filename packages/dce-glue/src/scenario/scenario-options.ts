import { ScenarioError } from "./scenario-error.ts";

/** One option that a scenario takes from outside (`dce run NAME -- --rate 10Mbps`). */
export type OptionDeclaration =
  | {
      readonly type: "string";
      readonly default?: string;
      readonly choices?: readonly string[];
      readonly description?: string;
    }
  | {
      readonly type: "number";
      readonly default?: number;
      readonly min?: number;
      readonly max?: number;
      readonly integer?: boolean;
      readonly description?: string;
    }
  | { readonly type: "boolean"; readonly default?: boolean; readonly description?: string };

export type OptionDeclarations = Readonly<Record<string, OptionDeclaration>>;

type ValueOf<D extends OptionDeclaration> = D extends { readonly type: "number" }
  ? number
  : D extends { readonly type: "boolean" }
    ? boolean
    : D extends { readonly choices: readonly (infer C)[] }
      ? C
      : string;

/** The values a scenario reads: an option without default may be undefined; a boolean is false. */
export type OptionValues<D extends OptionDeclarations> = {
  readonly [K in keyof D]:
    | ValueOf<D[K]>
    | (D[K] extends { readonly default: unknown } | { readonly type: "boolean" }
        ? never
        : undefined);
};

/** Values as a caller gives them, before they are checked; text is parsed by the declared type. */
export type OptionInputs = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Parses a command line (`--rate 10Mbps --fast --count=3`) against the declarations.
 * @throws {ScenarioError} unknown option, missing value, value of the wrong type or out of range.
 */
export function parseOptionArguments(
  declarations: OptionDeclarations,
  args: readonly string[],
): OptionInputs {
  const inputs: Record<string, string | boolean> = {};
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("--")) {
      throw new ScenarioError(`"${arg}" is not an option; ${optionUsage(declarations)}`);
    }
    const equals = arg.indexOf("=");
    const given = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
    const negated = given.startsWith("no-") && declarations[given] === undefined;
    const name = negated ? given.slice(3) : given;
    const declaration = declarationOf(declarations, name);
    if (declaration.type === "boolean") {
      inputs[name] = equals < 0 ? !negated : arg.slice(equals + 1);
      continue;
    }
    const value = equals < 0 ? args[++i] : arg.slice(equals + 1);
    if (value === undefined || negated) throw new ScenarioError(`option --${given} needs a value`);
    inputs[name] = value;
  }
  return inputs;
}

/**
 * Checks values against the declarations and fills in the defaults.
 * @throws {ScenarioError} as {@link parseOptionArguments}.
 */
export function resolveOptions<D extends OptionDeclarations>(
  declarations: D,
  inputs: OptionInputs = {},
): OptionValues<D> {
  const values: Record<string, string | number | boolean | undefined> = {};
  for (const name of Object.keys(inputs)) declarationOf(declarations, name);
  for (const [name, declaration] of Object.entries(declarations)) {
    const input = inputs[name];
    values[name] =
      input === undefined
        ? (declaration.default ?? (declaration.type === "boolean" ? false : undefined))
        : checkedValue(name, declaration, input);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each key was checked against its declaration
  return values as OptionValues<D>;
}

/** One line that lists the options: `options: --rate TEXT (default 100Mbps), --fast`. */
export function optionUsage(declarations: OptionDeclarations): string {
  const parts = Object.entries(declarations).map(([name, declaration]) => {
    const fallback = declaration.default === undefined ? "" : ` (default ${declaration.default})`;
    switch (declaration.type) {
      case "boolean":
        return `--${name}`;
      case "number":
        return `--${name} NUMBER${fallback}`;
      case "string":
        return `--${name} ${declaration.choices?.join("|") ?? "TEXT"}${fallback}`;
      default:
        return declaration satisfies never;
    }
  });
  return parts.length === 0 ? "this scenario has no options" : `options: ${parts.join(", ")}`;
}

function declarationOf(declarations: OptionDeclarations, name: string): OptionDeclaration {
  const declaration = Object.hasOwn(declarations, name) ? declarations[name] : undefined;
  if (declaration === undefined) {
    throw new ScenarioError(`unknown option --${name}; ${optionUsage(declarations)}`);
  }
  return declaration;
}

function checkedValue(
  name: string,
  declaration: OptionDeclaration,
  input: string | number | boolean,
): string | number | boolean {
  switch (declaration.type) {
    case "string": {
      const text = String(input);
      if (declaration.choices !== undefined && !declaration.choices.includes(text)) {
        throw new ScenarioError(
          `option --${name}: "${text}" is not one of ${declaration.choices.join(", ")}`,
        );
      }
      return text;
    }
    case "boolean": {
      if (input === true || input === "true") return true;
      if (input === false || input === "false") return false;
      throw new ScenarioError(`option --${name}: "${input}" is neither true nor false`);
    }
    case "number": {
      const { min = -Infinity, max = Infinity, integer = false } = declaration;
      const number = typeof input === "number" ? input : input === "" ? Number.NaN : Number(input);
      if (!Number.isFinite(number) || (integer && !Number.isInteger(number))) {
        throw new ScenarioError(
          `option --${name}: "${input}" is not ${integer ? "an integer" : "a number"}`,
        );
      }
      if (number < min || number > max) {
        throw new ScenarioError(`option --${name}: ${number} is not in ${min}..${max}`);
      }
      return number;
    }
    default:
      return declaration satisfies never;
  }
}
