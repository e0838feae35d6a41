import { parseDocument } from "yaml";

/** The second part of cnitap-observe's script, which `loadYaml` evaluates: most observers have no configuration. */
Object.assign(globalThis, { yaml: { parseDocument } });
