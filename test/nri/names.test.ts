import { expect, it } from "vitest";
import { eventNames, maskOf, notificationOf } from "../../src/nri/events.ts";
import { Event, EventSchema, Plugin, Runtime } from "../../src/nri/gen/api_pb.js";
import { PLUGIN_SERVICE, REGISTER_PLUGIN, RUNTIME_SERVICE } from "../../src/nri/names.ts";

it("names and numbers that are written by hand are those of the generated messages", () => {
  expect([PLUGIN_SERVICE, RUNTIME_SERVICE]).toEqual([Plugin.typeName, Runtime.typeName]);
  expect(REGISTER_PLUGIN).toBe(Runtime.method.registerPlugin.name);
  const generated = EventSchema.values
    .filter(({ number }) => number !== Event.UNKNOWN)
    .map(({ localName, number }) => [localName.toLowerCase().replaceAll("_", ""), 1 << (number - 1)]);
  expect(eventNames.map((name) => [name.toLowerCase(), maskOf([name])])).toEqual(generated);
  expect(notificationOf(Event.REMOVE_CONTAINER)).toBe("removeContainer");
});
