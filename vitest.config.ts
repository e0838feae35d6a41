import { defineConfig } from "vitest/config";
import { packageVersion } from "./scripts/build/tap.ts";

export default defineConfig({
  define: { BUILD: JSON.stringify(packageVersion()) },
  test: {
    globalSetup: ["test/support/run-folder.ts"],
    include: ["test/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
