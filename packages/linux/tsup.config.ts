import shared from "../../tsup.shared.ts";

/** Kernels are found beside the package's own files, which CommonJS knows by another name: hence the shims. */
export default { ...shared, shims: true };
