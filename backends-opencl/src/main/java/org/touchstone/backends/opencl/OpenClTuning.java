package org.touchstone.backends.opencl;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.Op;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.opencl.driver.DeviceFacts;
import org.touchstone.backends.opencl.driver.KernelSources;
import org.touchstone.backends.opencl.tuned.TunedSizes;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.TuningSource;
import org.touchstone.backends.spi.TuningSpace;

/** Lets a search choose variant and sizes. */
public final class OpenClTuning implements TuningSource {
  private static final String OFF = "off";
  private static final String AUTO = "auto";

  /** Created by the service loader. */
  public OpenClTuning() {}

  @Override
  public String backend() {
    return "opencl";
  }

  @Override
  public TuningSpace space(DeviceInfo device, BackendContext context) {
    DeviceFacts facts = OpenClProvider.find(device).facts();
    Tuning tuning = Tuning.of(facts, context.configuration());
    Variant variant = tuning.variant();
    List<TuningSpace.Parameter> parameters = new ArrayList<>();
    parameters.add(
        new TuningSpace.Parameter(
            "variant", variant.suffix(), List.of("cpu", "gpu"), EnumSet.allOf(Op.class)));
    tuning.sizes().entrySet().stream()
        .sorted(Map.Entry.comparingByKey(Comparator.naturalOrder()))
        .forEach(
            entry ->
                parameters.add(
                    new TuningSpace.Parameter(
                        entry.getKey().key(),
                        Integer.toString(entry.getValue()),
                        entry.getKey().worthTrying(variant).stream().map(String::valueOf).toList(),
                        entry.getKey().ops())));
    return new TuningSpace(
        OpenClSettings.SIZES, OpenClSettings.TUNING, userFile(context.configuration()), parameters);
  }

  @Override
  public Optional<Reason> refusal(Path file, DeviceInfo device) {
    return switch (TunedSizes.read(file).find(key(OpenClProvider.find(device).facts()), file)) {
      case TunedSizes.Answer.Sizes sizes -> Optional.empty();
      case TunedSizes.Answer.Stale stale -> Optional.of(stale.reason());
      case TunedSizes.Answer.Nothing nothing ->
          Optional.of(
              Reason.of(ReasonCode.TUNING_STALE, file + " has no sizes for " + device.name()));
    };
  }

  @Override
  public void keep(
      Path file, DeviceInfo device, Map<String, String> sizes, List<TuningSpace.Gain> gains) {
    TunedSizes.read(file)
        .with(
            new TunedSizes.Entry(
                key(OpenClProvider.find(device).facts()),
                sizes,
                gains.stream()
                    .map(g -> new TunedSizes.Gain(g.workload(), g.before(), g.after()))
                    .toList()))
        .write(file);
  }

  private static TunedSizes.Key key(DeviceFacts facts) {
    return new TunedSizes.Key(facts.platform(), facts.name(), facts.driver(), KernelSources.hash());
  }

  private static Path userFile(Configuration configuration) {
    return configuration.cacheFolder().resolve("tuning").resolve("opencl.json");
  }

  /** Looks for sizes that were found on a device. */
  static TunedSizes.Answer answer(DeviceFacts facts, Configuration configuration) {
    String setting = configuration.setting(OpenClSettings.TUNING).value().strip();
    if (setting.equals(OFF)) {
      return new TunedSizes.Answer.Nothing();
    }
    Path file = setting.equals(AUTO) ? userFile(configuration) : Path.of(setting);
    TunedSizes sizes = TunedSizes.read(file);
    return sizes.entries().isEmpty()
        ? new TunedSizes.Answer.Nothing()
        : sizes.find(key(facts), file);
  }
}
