package org.touchstone.backends.opencl.driver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jocl.CL;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * What the driver says of a device.
 *
 * @param platform name of the platform
 * @param name name of the device
 * @param vendor name of its vendor
 * @param driver version of the driver
 * @param version the OpenCL version of the device, for example {@code OpenCL 3.0 PoCL}
 * @param languageVersion the OpenCL C version times 100, for example 120
 * @param type bits of {@code CL_DEVICE_TYPE}
 * @param computeUnits parallel compute units
 * @param globalBytes global memory
 * @param largestBuffer {@code CL_DEVICE_MAX_MEM_ALLOC_SIZE}
 * @param localBytes local memory of a work-group
 * @param largestGroup most work-items of a work-group
 * @param capabilities what it can do beyond the floor
 * @param identity UUID or PCI address, when the driver tells it
 */
public record DeviceFacts(
    String platform,
    String name,
    String vendor,
    String driver,
    String version,
    int languageVersion,
    long type,
    long computeUnits,
    long globalBytes,
    long largestBuffer,
    long localBytes,
    long largestGroup,
    Set<Capability> capabilities,
    Optional<String> identity) {
  /** Deprecated since OpenCL 2.0, whose successor says the same in other words. */
  private static final int HOST_UNIFIED_MEMORY = 0x1035;

  private static final int UUID_KHR = 0x106A;
  private static final int PCI_BUS_INFO_KHR = 0x410F;
  private static final int PCI_BUS_NV = 0x4008;
  private static final int PCI_SLOT_NV = 0x4009;
  private static final int TOPOLOGY_AMD = 0x4037;
  private static final int INTEGER_DOT_KHR = 0x1073;
  private static final int INTEGER_DOT_PACKED = 1;
  private static final Pattern LANGUAGE = Pattern.compile("OpenCL C (\\d+)\\.(\\d)");

  /** Bits of {@code CL_DEVICE_SINGLE_FP_CONFIG}. */
  private static final long DENORM = 1;

  private static final long CORRECT_DIVIDE_SQRT = 1 << 7;

  /** Copies the capabilities. */
  public DeviceFacts {
    capabilities = Set.copyOf(capabilities);
  }

  static DeviceFacts of(cl_platform_id platform, cl_device_id device) {
    Set<String> extensions =
        Set.copyOf(List.of(ClQuery.text(device, CL.CL_DEVICE_EXTENSIONS).split("\\s+", -1)));
    return new DeviceFacts(
        ClQuery.platform(platform, CL.CL_PLATFORM_NAME),
        ClQuery.text(device, CL.CL_DEVICE_NAME),
        ClQuery.text(device, CL.CL_DEVICE_VENDOR),
        ClQuery.text(device, CL.CL_DRIVER_VERSION),
        ClQuery.text(device, CL.CL_DEVICE_VERSION),
        language(device),
        ClQuery.number(device, CL.CL_DEVICE_TYPE),
        ClQuery.number(device, CL.CL_DEVICE_MAX_COMPUTE_UNITS),
        ClQuery.number(device, CL.CL_DEVICE_GLOBAL_MEM_SIZE),
        ClQuery.number(device, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE),
        ClQuery.number(device, CL.CL_DEVICE_LOCAL_MEM_SIZE),
        ClQuery.number(device, CL.CL_DEVICE_MAX_WORK_GROUP_SIZE),
        capabilities(device, extensions),
        identity(device, extensions));
  }

  private static Set<Capability> capabilities(cl_device_id device, Set<String> extensions) {
    long floats = ClQuery.number(device, CL.CL_DEVICE_SINGLE_FP_CONFIG);
    boolean dot =
        extensions.contains("cl_khr_integer_dot_product")
            && (ClQuery.number(device, INTEGER_DOT_KHR) & INTEGER_DOT_PACKED) != 0;
    Set<Capability> found = EnumSet.noneOf(Capability.class);
    add(found, Capability.FP16, extensions.contains("cl_khr_fp16"));
    add(found, Capability.FP64, extensions.contains("cl_khr_fp64"));
    add(
        found,
        Capability.SUB_GROUPS,
        extensions.contains("cl_intel_subgroups")
            || (extensions.contains("cl_khr_subgroups") && language(device) >= 200));
    add(found, Capability.INTEGER_DOT, dot);
    add(found, Capability.UNIFIED_MEMORY, ClQuery.number(device, HOST_UNIFIED_MEMORY) != 0);
    add(found, Capability.SUBNORMALS, (floats & DENORM) != 0);
    add(found, Capability.CORRECT_DIVISION, (floats & CORRECT_DIVIDE_SQRT) != 0);
    add(
        found,
        Capability.FULL_PROFILE,
        ClQuery.text(device, CL.CL_DEVICE_PROFILE).equals("FULL_PROFILE"));
    return found;
  }

  private static void add(Set<Capability> found, Capability capability, boolean has) {
    if (has) {
      found.add(capability);
    }
  }

  private static int language(cl_device_id device) {
    Matcher matcher = LANGUAGE.matcher(ClQuery.text(device, CL.CL_DEVICE_OPENCL_C_VERSION));
    return matcher.find()
        ? Integer.parseInt(matcher.group(1)) * 100 + Integer.parseInt(matcher.group(2)) * 10
        : 0;
  }

  private static Optional<String> identity(cl_device_id device, Set<String> extensions) {
    if (extensions.contains("cl_khr_device_uuid")) {
      Optional<byte[]> uuid = ClQuery.bytes(device, UUID_KHR).filter(bytes -> bytes.length == 16);
      if (uuid.isPresent()) {
        return Optional.of("uuid-" + HexFormat.of().formatHex(uuid.get()));
      }
    }
    return pciAddress(device, extensions);
  }

  private static Optional<String> pciAddress(cl_device_id device, Set<String> extensions) {
    if (extensions.contains("cl_khr_pci_bus_info")) {
      Optional<byte[]> info =
          ClQuery.bytes(device, PCI_BUS_INFO_KHR).filter(bytes -> bytes.length == 16);
      if (info.isPresent()) {
        ByteBuffer numbers = ByteBuffer.wrap(info.get()).order(ByteOrder.nativeOrder());
        return Optional.of(
            pci(numbers.getInt(), numbers.getInt(), numbers.getInt(), numbers.getInt()));
      }
    }
    if (extensions.contains("cl_nv_device_attribute_query")) {
      long slot = ClQuery.number(device, PCI_SLOT_NV);
      return Optional.of(
          pci(0, (int) ClQuery.number(device, PCI_BUS_NV), (int) slot >> 3, (int) slot & 7));
    }
    if (extensions.contains("cl_amd_device_attribute_query")) {
      return ClQuery.bytes(device, TOPOLOGY_AMD)
          .filter(bytes -> bytes.length == 24)
          .map(bytes -> pci(0, bytes[21] & 0xFF, bytes[22] & 0xFF, bytes[23] & 0xFF));
    }
    return Optional.empty();
  }

  private static String pci(int domain, int bus, int slot, int function) {
    return String.format("pci-%04x:%02x:%02x.%x", domain, bus, slot, function);
  }

  /** Returns whether the driver calls it a processor of the host. */
  public boolean isCpu() {
    return (type & CL.CL_DEVICE_TYPE_CPU) != 0 || name.contains("llvmpipe");
  }

  /** Returns whether the driver calls it a graphics processor. */
  public boolean isGpu() {
    return !isCpu() && (type & CL.CL_DEVICE_TYPE_GPU) != 0;
  }

  /** Returns whether the device has a capability. */
  public boolean has(Capability capability) {
    return capabilities.contains(capability);
  }
}
