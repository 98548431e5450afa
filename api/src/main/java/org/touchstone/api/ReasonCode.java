package org.touchstone.api;

/**
 * Names why a backend, a device or a spec was not taken. Codes are stable: programs and expectation
 * files refer to them.
 */
public enum ReasonCode {
  // Why a backend has no device.
  LOADER_MISSING(
      "a shared library that the backend loads first was not found",
      "install the driver or its loader"),
  DRIVER_MISSING("no driver is installed", "install the vendor's driver"),
  DRIVER_TOO_OLD("the driver is older than the backend needs", "update the driver"),
  DRIVER_REFUSED(
      "the driver answered with an error",
      "see the detail; check permissions and the driver's log"),
  DRIVER_UNLOADABLE(
      "a driver is registered, but its library could not be loaded",
      "reinstall the driver or remove its registration"),
  NO_PLATFORM(
      "the loader works but no platform is installed",
      "install an OpenCL ICD, for example pocl-opencl-icd"),
  NO_DEVICE(
      "the driver works but reports no device", "check that the device is visible to this process"),
  DEVICE_BUSY(
      "the device is in exclusive use by another process",
      "stop the other process or choose another device"),
  NOT_IN_THIS_BUILD(
      "this build of Touchstone does not contain the backend", "use a build that contains it"),
  NATIVE_LIBRARY_FAILED(
      "a native library could not be loaded", "see the detail for the loader's message"),
  PROBE_TIMEOUT(
      "the probe did not answer within its time limit",
      "raise touchstone.probe.timeout, in the environment TOUCHSTONE_PROBE_TIMEOUT (milliseconds),"
          + " or repair the driver"),
  PROBE_FAILED("the probe threw", "see the detail; report it to the backend's authors"),
  VERSION_MISMATCH(
      "the backend was built for another version of the SPI", "use matching versions of the jars"),
  DISABLED("the configuration excludes it", "remove it from touchstone.backends.exclude"),

  // Why a device does not run a spec.
  OPERATOR("the backend has no kernel for the operator", "choose another device for this operator"),
  OPERATOR_NEWER_THAN_BACKEND(
      "the operator did not exist when the backend was built", "update the backend's jar"),
  DTYPE("the element type combination is not supported", "cast, or choose another device"),
  FP8_FLAVOUR("the FP8 flavour is not supported", "re-encode the tensor, or choose another device"),
  LAYOUT("the tensor layout is not supported", "use the PLAIN layout or pack for this device"),
  HEAD_DIM("the head dimension is not supported", "choose another device"),
  GROUP_SIZE("the group or block size is not supported", "choose another device"),
  PARAMETER(
      "a parameter of the spec is outside the supported range", "see the detail for the range"),
  ACCUMULATOR(
      "the kernel accumulates more weakly than the spec accepts",
      "accept it with Numerics, or choose another device"),
  ROUND_POINT(
      "the kernel rounds inside more coarsely than the spec accepts",
      "accept it with Numerics, or choose another device"),
  CAPABILITY("the device lacks a capability that the kernel needs", "choose another device"),
  MEMORY("the device has too little memory", "use smaller tensors or another device"),

  // Why sizes that were found on a device do not count.
  TUNING_STALE(
      "the sizes were found with another driver or other kernels",
      "run touchstone tune for the device again"),

  // Why a device that could run a spec was not chosen.
  NOT_NAMED("the selection names another device", "name this device instead"),
  KIND_NOT_ALLOWED("the selection allows other kinds of device only", "allow this kind"),
  NAMED_ONLY(
      "a reference, simulator or checker is never chosen automatically", "name it by its URI"),
  PREFERENCE("a device of a kind that the selection prefers was found", "prefer this kind"),
  SOFTWARE_DEVICE("a software device never outranks a real one", "name it by its URI"),
  RANKED_LOWER("another device ranks higher", "name it by its URI");

  private final String meaning;
  private final String remedy;

  ReasonCode(String meaning, String remedy) {
    this.meaning = meaning;
    this.remedy = remedy;
  }

  /** Says in one clause what the code means. */
  public String meaning() {
    return meaning;
  }

  /** Says what a user can do, when the reason itself knows nothing better. */
  public String remedy() {
    return remedy;
  }
}
