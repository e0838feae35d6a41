import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { placesOf } from "../../src/cli/common-options.ts";
import { useContainerd } from "./support/containerd.ts";
import { useHost } from "./support/host.ts";

afterEach(() => vi.unstubAllEnvs());

describe("the runtime's socket", () => {
  test("is that of the environment unless a flag names one", () => {
    vi.stubEnv("CONTAINER_RUNTIME_ENDPOINT", "unix:///env.sock");
    expect(placesOf({}).runtimeEndpoint).toBe("unix:///env.sock");
    expect(placesOf({ runtimeEndpoint: "/flag.sock" }).runtimeEndpoint).toBe("/flag.sock");
    vi.stubEnv("CONTAINER_RUNTIME_ENDPOINT", "");
    expect(placesOf({})).toEqual({});
  });

  test("is the only one that is asked, and the command fails if it does not answer", async () => {
    const host = useHost();
    await useContainerd(host, { version: "v1.7.27" }, "/run/flag.sock");
    await useContainerd(host, { version: "v2.0.0" }, "/run/env.sock");
    await useContainerd(host, { version: "v2.1.9" });
    vi.stubEnv("CONTAINER_RUNTIME_ENDPOINT", "unix:///run/env.sock");
    const runtimeOf = async (...args: string[]) =>
      JSON.parse((await host.cnitap("status", "--json", ...args)).out).runtime;
    expect(await runtimeOf("--runtime-endpoint", "unix:///run/flag.sock")).toBe("containerd v1.7.27");
    expect(await runtimeOf("--runtime-endpoint", "/run/flag.sock")).toBe("containerd v1.7.27");
    expect(await runtimeOf()).toBe("containerd v2.0.0");
    vi.stubEnv("CONTAINER_RUNTIME_ENDPOINT", undefined);
    expect(await runtimeOf()).toBe("containerd v2.1.9");
    const { code, err } = await host.cnitap("status", "--runtime-endpoint", "/run/none.sock");
    expect(code).toBe(1);
    expect(err).toMatch(
      /^cnitap: Cannot ask the runtime at .*\nSpecify its socket with --runtime-endpoint\.\n$/,
    );
  });
});

test("relative directories are below the working directory, or with --host-root below the host's root", () => {
  expect(placesOf({ confDir: "net.d", binDir: "/b" })).toEqual({
    confDir: join(process.cwd(), "net.d"),
    binDir: "/b",
  });
  expect(placesOf({ confDir: "etc/net.d", binDir: "b", hostRoot: "/host" })).toEqual({
    ...{ confDir: "/etc/net.d", binDir: "/b", hostRoot: "/host" },
  });
});
