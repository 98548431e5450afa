package org.touchstone.backends.cuda;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Eligibility;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.HalException;
import org.touchstone.api.HostAccess;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.SimDevice;
import org.touchstone.backends.cuda.sim.driver.SimDriver;
import org.touchstone.backends.cuda.sim.exec.Accumulator;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;

/**
 * Offers simulated GPUs, {@code cuda-sim://sm_89} and its siblings: the PTX that ships is executed
 * on the host's processor, with checks. Never chosen unless named.
 */
public final class CudaSimProvider implements BackendProvider {
  private static final String SCHEME = "cuda-sim://";
  private static final List<String> TARGETS =
      List.of("sm_80", "sm_89", "sm_90", "sm_100", "sm_120");

  private final Options options;

  /** Created by the service loader. */
  public CudaSimProvider() {
    this(Options.DEFAULT);
  }

  /** Creates a provider whose devices run kernels in another way. */
  CudaSimProvider(Options options) {
    this.options = options;
  }

  @Override
  public BackendDescription description() {
    return new BackendDescription(
        "cuda-sim", "0.1.0", 1, 1, "simulated NVIDIA GPUs that execute the PTX with checks");
  }

  @Override
  public Probe probe(BackendContext context) {
    return new Probe.Ready(TARGETS.stream().map(CudaSimProvider::info).toList());
  }

  private static DeviceInfo info(String target) {
    return new DeviceInfo(
        SCHEME + target,
        "cuda-sim",
        "simulated " + target,
        DeviceKind.GPU,
        Evidence.SIMULATOR,
        Eligibility.NAMED_ONLY,
        HostAccess.COPY,
        SimDevice.DEFAULT_MEMORY,
        0,
        0,
        Optional.empty(),
        Map.of("driver", "simulator", "target", target));
  }

  @Override
  public BackendDevice open(DeviceInfo info, BackendContext context) {
    return open(
        info.uri(),
        CudaSimSettings.apply(options, context.configuration()),
        CudaSimSettings.listener(context.configuration()));
  }

  /** Opens a simulated device whose tensor cores add in a certain way. */
  static CudaDevice simulate(String uri, Accumulator accumulator) {
    return open(uri, Options.DEFAULT.with(accumulator), report -> {});
  }

  private static CudaDevice open(String uri, Options options, SimDriver.Listener listener) {
    DeviceProfile profile =
        TARGETS.stream()
            .filter(target -> uri.equals(SCHEME + target))
            .findFirst()
            .flatMap(DeviceProfile::of)
            .orElseThrow(
                () ->
                    new HalException(
                        ErrorCode.UNKNOWN_DEVICE,
                        "there is no simulated GPU of that name",
                        null,
                        uri,
                        "choose one of " + TARGETS,
                        null));
    CudaDriver driver = new SimDriver(List.of(profile), options, listener);
    driver.init();
    return new CudaDevice(
        CudaContext.open(
            driver,
            driver.deviceGet(0),
            uri,
            Evidence.SIMULATOR,
            gpu -> KernelImages.ofPtx(driver, gpu)));
  }
}
