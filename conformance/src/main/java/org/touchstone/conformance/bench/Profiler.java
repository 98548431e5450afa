package org.touchstone.conformance.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordingFile;

/**
 * Asks the JVM's flight recorder which methods a launch spends its time in. A native micro-kernel
 * counts as the method that calls it, so each of them is a line of its own.
 */
final class Profiler {
  private static final Duration PERIOD = Duration.ofMillis(10);
  private static final String JAVA = "jdk.ExecutionSample";
  private static final String NATIVE = "jdk.NativeMethodSample";

  /** Methods below this share of the samples are left out. */
  private static final double LEAST = 0.01;

  private Profiler() {}

  /** Launches again and again; the methods with the most samples come first. */
  static List<Measurement.Share> of(Runnable launch, Duration length) {
    try {
      Path file = Files.createTempFile("touchstone", ".jfr");
      try (Recording recording = new Recording()) {
        recording.enable(JAVA).withPeriod(PERIOD);
        recording.enable(NATIVE).withPeriod(PERIOD);
        recording.start();
        long start = System.nanoTime();
        while (System.nanoTime() - start < length.toNanos()) {
          launch.run();
        }
        recording.stop();
        recording.dump(file);
        return shares(RecordingFile.readAllEvents(file));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("no profile could be written", e);
    }
  }

  private static List<Measurement.Share> shares(List<RecordedEvent> events) {
    Map<String, Integer> counts = new HashMap<>();
    int all = 0;
    for (RecordedEvent event : events) {
      String type = event.getEventType().getName();
      if ((type.equals(JAVA) || type.equals(NATIVE)) && event.getStackTrace() != null) {
        List<RecordedFrame> frames = event.getStackTrace().getFrames();
        // Threads that wait in the JVM's own native code are not part of the work.
        if (frames.stream().anyMatch(Profiler::ours)) {
          counts.merge(name(frames.getFirst().getMethod()), 1, Integer::sum);
          all++;
        }
      }
    }
    List<Measurement.Share> shares = new ArrayList<>();
    for (Map.Entry<String, Integer> entry : counts.entrySet()) {
      double share = (double) entry.getValue() / all;
      if (share >= LEAST) {
        shares.add(new Measurement.Share(entry.getKey(), share));
      }
    }
    shares.sort(Comparator.comparingDouble(Measurement.Share::share).reversed());
    return shares;
  }

  private static boolean ours(RecordedFrame frame) {
    return frame.isJavaFrame()
        && frame.getMethod().getType().getName().startsWith("org.touchstone.backends");
  }

  private static String name(RecordedMethod method) {
    String type = method.getType().getName();
    return type.substring(type.lastIndexOf('.') + 1) + "." + method.getName();
  }
}
