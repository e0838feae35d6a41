/** Why devices cannot be injected or given back, as a sentence. Tenants' text in it is escaped. */
export class DeviceError extends Error {
  override name = "DeviceError";
}
