/** Why devices cannot be injected or given back, as a sentence. Tenants' text in it is escaped. */
export class DeviceError extends Error {
  override name = "DeviceError";
  /** What only the operator may know, such as the names of other pods; "" if nothing. */
  readonly note: string;

  constructor(message: string, note = "") {
    super(message);
    this.note = note;
  }
}
