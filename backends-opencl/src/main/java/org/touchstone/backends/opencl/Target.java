package org.touchstone.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Subnormals;
import org.touchstone.api.Ulps;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.Op;
import org.touchstone.backends.opencl.driver.Capability;
import org.touchstone.backends.opencl.driver.DeviceFacts;
import org.touchstone.backends.opencl.driver.OpenClContext;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.opencl.driver.Programs;
import org.touchstone.backends.spi.DeviceMemory;

/** What an operator needs to know of the device that it plans for. Thread-safe. */
public final class Target {
  /**
   * The errors that OpenCL 1.2 allows: exp and log 3, sin and cos 4. Division and root are
   * correctly rounded by the prelude where the driver's are not.
   */
  private static final Ulps FULL = new Ulps(3, 1, 0.5, 3, 4);

  /** The errors that its embedded profile allows. */
  private static final Ulps EMBEDDED = new Ulps(4, 1, 0.5, 4, 4);

  /** The error of tanh that both allow. */
  private static final double TANH = 5;

  private static final String POCL = "Portable Computing Language";

  /** Elements that a work-item of the cpu variant handles at once. */
  private static final int VECTOR = 16;

  private final OpenClContext context;
  private final Tuning tuning;

  /** Creates the target of an open device. */
  public Target(OpenClContext context, Tuning tuning) {
    this.context = context;
    this.tuning = tuning;
  }

  /** Returns what the driver says of the device. */
  public DeviceFacts facts() {
    return context.facts();
  }

  /** Returns the sizes that fit the device's family. */
  public Tuning tuning() {
    return tuning;
  }

  /** Returns whether the cpu variant runs. */
  public boolean isCpu() {
    return tuning.variant() == Variant.CPU;
  }

  /** Returns the work-items of a group of kernels that give a row to a group; a power of two. */
  public int rowGroup() {
    return isCpu()
        ? 1
        : (int) Math.min(tuning.value(Size.ROW_GROUP), Long.highestOneBit(facts().largestGroup()));
  }

  /** Returns the elements of a work-item of kernels that cut tensors into strips. */
  public int strip() {
    return tuning.value(Size.STRIP);
  }

  /** Returns the name of an operator's kernel: its variant, and whose sizes it runs with. */
  public String kernelName(Op op) {
    String name = op.opName() + "." + tuning.variant().suffix();
    return switch (tuning.origin()) {
      case TABLE -> name;
      case TUNED -> name + ".tuned";
      case CONFIGURATION -> name + ".sized";
    };
  }

  /** Returns what every kernel here declares: FP32, in order, with the device's subnormals. */
  public KernelTraits traits() {
    Subnormals.Handling handling =
        facts().has(Capability.SUBNORMALS) ? Subnormals.Handling.KEPT : Subnormals.Handling.FLUSHED;
    return KernelTraits.PLAIN_F32
        .with(ulps())
        .with(new Subnormals(handling, handling))
        .with(OpenClProvider.evidence(facts(), context.uri()));
  }

  /** Returns whether sub-groups reduce rows. */
  private boolean hasSubGroups() {
    return !isCpu() && tuning.value(Size.ROW_SUB_GROUPS) == 1 && facts().has(Capability.SUB_GROUPS);
  }

  /** Returns how a row is added up by the work-items of a group, or by the lanes of one. */
  public Chain rowChain() {
    int lanes = isCpu() ? VECTOR : rowGroup();
    // Nothing says in which order a sub-group adds up.
    return Chain.lanes(lanes, hasSubGroups() ? lanes - 1 : Integer.numberOfTrailingZeros(lanes));
  }

  private Ulps ulps() {
    return facts().has(Capability.FULL_PROFILE) ? FULL : EMBEDDED;
  }

  /** Returns the function errors of a kernel with an activation, which may need tanh. */
  public Ulps activationUlps(Activation activation) {
    return activation.kind() == Activation.Kind.GEGLU_TANH
        ? new Ulps(TANH, FULL.rsqrt(), FULL.div(), FULL.log(), FULL.trig())
        : ulps();
  }

  /** Returns how many work-groups cover so many elements in strips. */
  public long strips(long elements) {
    return Math.ceilDiv(elements, strip());
  }

  /** Creates memory that holds numbers which a kernel reads; the kernel closes it. */
  public DeviceMemory constants(long[] values) {
    return context.constants(values);
  }

  /**
   * Builds a kernel of the device's variant.
   *
   * @param resource file of the kernel, for example {@code add.cl}
   * @param function name of the kernel function
   * @param options options of this kernel, for example {@code -DTILE=8}
   */
  public OpenClKernel kernel(String resource, String function, String... options) {
    List<String> all = new ArrayList<>();
    all.add(isCpu() ? "-DVARIANT_CPU=1" : "-DVARIANT_GPU=1");
    all.add("-DGROUP=" + rowGroup());
    if (hasSubGroups()) {
      all.add(Programs.SUB_GROUPS);
    }
    if (facts().platform().equals(POCL)) {
      // Its compiler is clang, which has a builtin for it.
      all.add("-DPREFETCH=1");
    }
    all.addAll(List.of(options));
    return context.programs().kernel(resource, function, all);
  }
}
