package org.touchstone.tools.hazard;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.spi.Probe;

/**
 * The CPU reference as a device that does harm: {@code -Dhazard.OPERATOR=DEED} lets the launches of
 * an operator whose rows are those of DeepSeek-V3, 7168 wide, do a {@link Deed}.
 */
public final class HazardBackend implements BackendProvider {
  static final String URI = "hazard://0";
  private static final String NAME = "hazard";
  private static final long WIDTH = 7168;

  private final BackendProvider cpu =
      ServiceLoader.load(BackendProvider.class).stream()
          .filter(p -> !p.type().equals(HazardBackend.class))
          .map(ServiceLoader.Provider::get)
          .filter(provider -> provider.description().name().equals("cpu"))
          .findFirst()
          .orElseThrow();

  @Override
  public BackendDescription description() {
    BackendDescription d = cpu.description();
    return new BackendDescription(NAME, d.version(), d.builtForSpi(), d.oldestSpi(), "does harm");
  }

  @Override
  public Probe probe(BackendContext context) {
    return new Probe.Ready(List.of(info(reference(context))));
  }

  private DeviceInfo reference(BackendContext context) {
    return ((Probe.Ready) cpu.probe(context))
        .devices().stream()
            .filter(d -> d.uri().equals("cpu://reference"))
            .findFirst()
            .orElseThrow();
  }

  private static DeviceInfo info(DeviceInfo d) {
    return new DeviceInfo(
        URI,
        NAME,
        "hazard",
        d.kind(),
        d.evidence(),
        Eligibility.NAMED_ONLY,
        d.hostAccess(),
        d.dedicatedMemory(),
        d.sharedMemory(),
        d.score(),
        Optional.empty(),
        Map.of());
  }

  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    return new Harmful(cpu.open(reference(context), context));
  }

  private record Harmful(BackendDevice device) implements BackendDevice {
    @Override
    public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
      String deed = System.getProperty("hazard." + spec.op().opName());
      return deed != null && device.plan(spec) instanceof Plan.Runs<A> runs
          ? new Plan.Runs<>(
              runs.kernel(),
              runs.traits(),
              () -> new HarmfulKernel<>(runs.build().get(), Deed.valueOf(deed)))
          : device.plan(spec);
    }

    @Override
    public MemorySource memory() {
      return device.memory();
    }

    @Override
    public BackendQueue openQueue() {
      return device.openQueue();
    }

    @Override
    public void close() {
      device.close();
    }
  }

  private record HarmfulKernel<A extends Args>(Kernel<A> kernel, Deed deed) implements Kernel<A> {
    @Override
    public void launch(BackendQueue queue, A args, DeviceMemory workspace) {
      for (Tensor tensor : args.tensors()) {
        if (tensor != null && tensor.shape().rank() > 1 && tensor.dim(-1) == WIDTH) {
          deed.perform();
        }
      }
      kernel.launch(queue, args, workspace);
    }

    @Override
    public long workspaceBytes(A args) {
      return kernel.workspaceBytes(args);
    }

    @Override
    public Layout preferredLayout(String slot) {
      return kernel.preferredLayout(slot);
    }
  }
}
