/* The names of services and methods in calls (api.proto). A test compares them with the generated messages. */

export const PLUGIN_SERVICE = "nri.pkg.api.v1alpha1.Plugin";
export const RUNTIME_SERVICE = "nri.pkg.api.v1alpha1.Runtime";
export const REGISTER_PLUGIN = "RegisterPlugin";
