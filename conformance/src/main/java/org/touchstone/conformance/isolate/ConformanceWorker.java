package org.touchstone.conformance.isolate;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.worker.WorkerChannel;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.checks.ItemCatalog;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Session;

/**
 * The process that runs items of one device, one name per request. Arguments: the device's URI, the
 * level, then {@code key=value} settings of the HAL.
 */
public final class ConformanceWorker {
  /** The request that answers when the device is open. */
  static final String READY = "ready?";

  private ConformanceWorker() {}

  /** Serves requests until the parent closes the channel. */
  public static void main(String[] arguments) {
    Level level = Level.valueOf(arguments[1]);
    HalOptions options = HalOptions.DEFAULT;
    for (String setting : Arrays.asList(arguments).subList(2, arguments.length)) {
      int equals = setting.indexOf('=');
      options = options.with(setting.substring(0, equals), setting.substring(equals + 1));
    }
    Map<String, Item> items = new HashMap<>();
    ItemCatalog.standard().forEach(item -> items.put(item.name(), item));
    try (Hal hal = Hal.open(options);
        Session session = Session.open(hal, arguments[0], Instruments.NONE, Session.findOracle())) {
      // The parent keeps the time.
      DeviceRun run =
          new DeviceRun(
              session, level, new DeviceRun.Limits(1, Duration.ofHours(1), Optional.empty()));
      WorkerChannel.serve(request -> answer(request, items, run));
    }
  }

  private static String answer(String request, Map<String, Item> items, DeviceRun run) {
    if (request.equals(READY)) {
      return READY;
    }
    Item item = items.get(request);
    if (item == null) {
      item =
          ItemCatalog.find(CaseCatalog.standard(), request)
              .orElseThrow(() -> new IllegalArgumentException("no case is named " + request));
    }
    DeviceRun.Finished finished = run.here(item);
    return ReportCodec.line(ReportCodec.fields(finished.report(), finished.nanos()));
  }
}
