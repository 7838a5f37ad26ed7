/**
 * A module that parks and resumes WebAssembly stacks by the instructions of the stack switching proposal, which no
 * JavaScript API offers. In text:
 *
 * ```wat
 * (type $entry (func (param i32 i32)))
 * (type $body (func))
 * (type $stack (cont $body))
 * (tag $parked (type $body))                   ;; leaves a stack that will go on
 * (tag $dropped (type $body))                  ;; an exception: unwinds one that will not
 * (table $entries (export "entries") 4 funcref)
 * (table $stacks 64 (ref null $stack))
 * (global $top, $argument, $entry, $slot, $dying (mut i32))
 * (func $body (block $x (try_table (catch $dropped $x)
 *   (call_indirect $entries (type $entry) $top $argument $entry))))
 * (func (export "park") (param $slot i32) (param $is_dead i32)
 *   (if (i32.or $is_dead $dying) (then (throw $dropped)))
 *   (global.set $slot (local.get $slot))
 *   (suspend $parked)
 *   (if $dying (then (throw $dropped))))
 * (func (export "resume") (param $slot i32) (result i32) (local $s (ref null $stack))
 *   (local.set $s $stacks[$slot])              ;; 0: it was parked again, 1: it has ended
 *   $stacks[$slot] = null                      ;; used up; after a trap nothing stale is left
 *   (call $run (local.get $s)))
 * (func $run (param $s (ref null $stack)) (result i32)
 *   (block $h (result (ref $stack)) (resume $stack (on $parked $h) (local.get $s)) (return (i32.const 1)))
 *   (local.set $s)
 *   $stacks[$slot] = $s
 *   (i32.const 0))
 * (func (export "start") (param $entry, $slot, $top, $argument i32) (result i32)
 *   ;; sets the globals of the same names; grows $stacks when $slot is beyond its end
 *   (call $run (cont.new $stack (ref.func $body))))
 * (func (export "has") (param $slot i32) (result i32) ;; $stacks[$slot] is there and not null
 * (func (export "drop") (param $slot i32)             ;; sets $dying for good, and resumes it
 * (func (export "size") (result i32)                  ;; of $stacks
 * ```
 */
export function wasmFxTrampoline(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    join(
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, vector(TYPES)),
      section(3, vector(FUNCTIONS.map((fn) => [fn.type]))),
      section(
        4,
        vector([
          [0x70, 0x00, 4],
          [...NULLABLE_STACK, 0x00, 64],
        ]),
      ),
      section(
        13,
        vector([
          [0x00, T_BODY],
          [0x00, T_BODY],
        ]),
      ),
      section(6, vector(Array.from({ length: 5 }, () => [I32, 0x01, ...i32Const(0), END]))),
      section(7, vector(EXPORTS)),
      // $body is named by ref.func only.
      section(9, vector([[0x03, 0x00, 1, F_BODY]])),
      section(10, vector(FUNCTIONS.map((fn) => sized([...fn.locals, ...fn.code, END])))),
    ),
  );
}

type Bytes = readonly number[];

const I32 = 0x7f;
const VOID = 0x40;
const END = 0x0b;

const T_ENTRY = 0;
const T_BODY = 1;
const T_STACK = 2;
const T_RUN = 3;
const T_START = 4;
const T_TEST = 5;
const T_DROP = 6;
const T_SIZE = 7;
const STACK: Bytes = [0x64, T_STACK];
const NULLABLE_STACK: Bytes = [0x63, T_STACK];
const TYPES: readonly Bytes[] = [
  func([I32, I32], []),
  func([], []),
  [0x5d, T_BODY],
  [0x60, 1, ...NULLABLE_STACK, 1, I32],
  func([I32, I32, I32, I32], [I32]),
  func([I32], [I32]),
  func([I32], []),
  func([], [I32]),
];

const PARKED = 0;
const DROPPED = 1;
const ENTRIES = 0;
const STACKS = 1;
const G_TOP = 0;
const G_ARGUMENT = 1;
const G_ENTRY = 2;
const G_SLOT = 3;
const G_DYING = 4;
const F_BODY = 0;
const F_RUN = 2;

const RETURN = 0x0f;
const OR = 0x72;
const EQZ = 0x45;
const GE_U = 0x4f;
const IS_NULL = 0xd1;
const THROW_DROPPED: Bytes = [0x08, DROPPED];

interface WasmFunction {
  readonly name?: string;
  readonly type: number;
  readonly locals: Bytes;
  readonly code: Bytes;
}

const NO_LOCALS: Bytes = [0];
const ONE_STACK: Bytes = [1, 1, ...NULLABLE_STACK];

const FUNCTIONS: readonly WasmFunction[] = [
  {
    type: T_BODY,
    locals: NO_LOCALS,
    code: join(
      [0x02, VOID],
      // try_table with one clause: catch $dropped, to the block around it
      [0x1f, VOID, 1, 0x00, DROPPED, 0],
      [...globalGet(G_TOP), ...globalGet(G_ARGUMENT), ...globalGet(G_ENTRY)],
      [0x11, T_ENTRY, ENTRIES],
      [END, END],
    ),
  },
  {
    name: "park",
    type: T_ENTRY,
    locals: NO_LOCALS,
    code: join(
      [...localGet(1), ...globalGet(G_DYING), OR, 0x04, VOID, ...THROW_DROPPED, END],
      [...localGet(0), ...globalSet(G_SLOT)],
      // suspend
      [0xe2, PARKED],
      [...globalGet(G_DYING), 0x04, VOID, ...THROW_DROPPED, END],
    ),
  },
  {
    type: T_RUN,
    locals: NO_LOCALS,
    code: join(
      [0x02, ...STACK],
      // resume with one handler: on $parked, to the block around it
      [...localGet(0), 0xe3, T_STACK, 1, 0x00, PARKED, 0],
      [...i32Const(1), RETURN, END],
      localSet(0),
      [...globalGet(G_SLOT), ...localGet(0), 0x26, STACKS],
      i32Const(0),
    ),
  },
  {
    name: "start",
    type: T_START,
    locals: NO_LOCALS,
    code: join(
      [...localGet(1), 0xfc, 0x10, STACKS, GE_U, 0x04, VOID],
      // table.grow by as much as is missing, and more
      [0xd0, T_STACK, ...localGet(1), 0xfc, 0x0f, STACKS, 0x1a, END],
      [...localGet(0), ...globalSet(G_ENTRY), ...localGet(2), ...globalSet(G_TOP)],
      [...localGet(3), ...globalSet(G_ARGUMENT)],
      // ref.func, cont.new
      [0xd2, F_BODY, 0xe0, T_STACK, 0x10, F_RUN],
    ),
  },
  {
    name: "resume",
    type: T_TEST,
    locals: ONE_STACK,
    code: [...takeStack(), ...localGet(1), 0x10, F_RUN],
  },
  {
    name: "has",
    type: T_TEST,
    locals: NO_LOCALS,
    code: join(
      [...localGet(0), 0xfc, 0x10, STACKS, GE_U, 0x04, VOID, ...i32Const(0), RETURN, END],
      [...localGet(0), 0x25, STACKS, IS_NULL, EQZ],
    ),
  },
  {
    name: "drop",
    type: T_DROP,
    locals: ONE_STACK,
    code: join(
      takeStack(),
      [...i32Const(1), ...globalSet(G_DYING)],
      [...localGet(1), IS_NULL, 0x04, VOID, RETURN, END],
      [...localGet(1), 0x10, F_RUN, 0x1a],
    ),
  },
  { name: "size", type: T_SIZE, locals: NO_LOCALS, code: [0xfc, 0x10, STACKS] },
];

const EXPORTS: readonly Bytes[] = [
  [...text("entries"), 0x01, ENTRIES],
  ...FUNCTIONS.flatMap((fn, index) =>
    fn.name === undefined ? [] : [[...text(fn.name), 0x00, index]],
  ),
];

/** $s, the second local, becomes $stacks[$slot], which becomes null. */
function takeStack(): Bytes {
  return join(
    [...localGet(0), 0x25, STACKS, ...localSet(1)],
    [...localGet(0), 0xd0, T_STACK, 0x26, STACKS],
  );
}

function join(...parts: readonly Bytes[]): Bytes {
  return parts.flat();
}

function func(parameters: Bytes, results: Bytes): Bytes {
  return [0x60, parameters.length, ...parameters, results.length, ...results];
}

/** @param value 0..63 */
function i32Const(value: number): Bytes {
  return [0x41, value];
}

function localGet(index: number): Bytes {
  return [0x20, index];
}

function localSet(index: number): Bytes {
  return [0x21, index];
}

function globalGet(index: number): Bytes {
  return [0x23, index];
}

function globalSet(index: number): Bytes {
  return [0x24, index];
}

function text(value: string): Bytes {
  return sized([...new TextEncoder().encode(value)]);
}

function vector(items: readonly Bytes[]): Bytes {
  return [items.length, ...items.flat()];
}

function section(id: number, content: Bytes): Bytes {
  return [id, ...sized(content)];
}

/** With its length before it, as a LEB128 number. */
function sized(content: Bytes): Bytes {
  const { length } = content;
  return length < 128 ? [length, ...content] : [(length & 127) | 128, length >> 7, ...content];
}
