import { afterEach, describe, expect, test, vi } from "vitest";
import {
  chooseStacks,
  hasJspi,
  hasWasmFx,
  JspiStacks,
  makeStacks,
  NoJspiError,
  WasmFxStacks,
} from "../src/index.ts";
import { wasmFxTrampoline } from "../src/wasmfx-trampoline.ts";

describe("the choice of stacks", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    chooseStacks("jspi");
  });

  test.skipIf(!hasJspi())("is JSPI unless something else was asked for", () => {
    expect(makeStacks()).toBeInstanceOf(JspiStacks);
  });

  test.skipIf(!hasWasmFx())("is stack switching after chooseStacks", () => {
    expect(chooseStacks("wasmfx")).toBe("wasmfx");
    expect(makeStacks()).toBeInstanceOf(WasmFxStacks);
    expect(makeStacks("jspi")).toBeInstanceOf(JspiStacks);
  });

  test("without JSPI is refused in one line that names what has it", () => {
    vi.stubGlobal("WebAssembly", { Module: WebAssembly.Module, Instance: WebAssembly.Instance });
    expect(hasJspi()).toBe(false);
    expect(() => makeStacks("jspi")).toThrow(NoJspiError);
    expect(() => makeStacks("jspi")).toThrow(/Node\.js 24\.21 or newer/);
    expect(() => new JspiStacks()).toThrow(TypeError);
  });
});

describe.skipIf(!hasWasmFx())("the trampoline", () => {
  test("is a module without imports", () => {
    const module = new WebAssembly.Module(wasmFxTrampoline());
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toEqual([
      "entries",
      "park",
      "start",
      "resume",
      "has",
      "drop",
      "size",
    ]);
  });

  test("knows no stack at first, whatever its number", () => {
    const stacks = new WasmFxStacks();
    expect([0, 1, 63, 64, 1_000_000].map((slot) => stacks.has(slot))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    stacks.destroy();
  });
});
