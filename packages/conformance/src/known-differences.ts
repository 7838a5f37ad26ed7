/**
 * Tests that a kernel is known to fail, by kernel and by "part: test", each with its reason. A row
 * here has one in docs/LINUX_DIFFERENCES.md, and goes away when the kernel passes.
 */
export const KNOWN_DIFFERENCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  emulated: {},
};
