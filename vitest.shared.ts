import { defineConfig } from "vitest/config";

/** Tests read the sources of sibling packages, so no build is needed before `npm test`. */
const conditions = ["@dcejs/source", "module", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
