package org.touchstone.backends.cpu.micro;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.NativeLibraries;

/**
 * The native library: unpacked into the user's private folder and loaded once per process, or the
 * reason why not.
 */
public final class NativeLibrary {
  private static final String BUILD = "native-build.properties";
  private static @Nullable NativeLibrary loaded;

  private final List<InstructionSet> sets;
  private final String reason;

  private NativeLibrary(List<InstructionSet> sets, String reason) {
    this.sets = List.copyOf(sets);
    this.reason = reason;
  }

  /** Loads the library, unless this process has it. */
  public static synchronized NativeLibrary load(NativeLibraries libraries) {
    if (loaded == null) {
      loaded = open(libraries);
    }
    return loaded;
  }

  /** Loads the library from a folder, whatever this process did before. */
  @SuppressWarnings("restricted") // loads the library of this jar
  public static NativeLibrary open(NativeLibraries libraries) {
    Properties build = new Properties();
    try (InputStream stream = NativeLibrary.class.getResourceAsStream(BUILD)) {
      if (stream != null) {
        build.load(stream);
      }
    } catch (IOException e) {
      return without("the jar cannot be read: " + e.getMessage());
    }
    String resource = build.getProperty("library");
    if (resource == null) {
      return without(build.getProperty("reason", "this build has no native library"));
    }
    try {
      System.load(libraries.unpack(NativeLibrary.class, resource).toString());
      List<InstructionSet> sets = new ArrayList<>();
      for (InstructionSet set : InstructionSet.values()) {
        if (NativeCalls.supported(set.code()) != 0) {
          sets.add(set);
        }
      }
      return new NativeLibrary(sets, "");
    } catch (HalException | LinkageError e) {
      return without("the native library " + resource + " does not load: " + e.getMessage());
    }
  }

  private static NativeLibrary without(String reason) {
    return new NativeLibrary(List.of(), reason);
  }

  /** Returns the instruction sets that this processor runs, weakest first; none without library. */
  public List<InstructionSet> sets() {
    return sets;
  }

  /**
   * Ties the calling thread to one of the processors that it may use.
   *
   * @param number of the processor among these; beyond the last it starts again
   * @return why that is impossible; empty when it was done
   */
  public Optional<String> pinCallingThread(int number) {
    if (sets.isEmpty()) {
      return Optional.of("threads are pinned by the native library, and " + reason);
    }
    int status = NativeCalls.pin(number);
    if (status == 0) {
      return Optional.empty();
    }
    return Optional.of(
        status < 0
            ? "this operating system has no way to pin a thread"
            : "sched_setaffinity failed with errno " + status);
  }

  /** Returns what this process has loaded; empty when no device asked for it. */
  public static synchronized Optional<NativeLibrary> loaded() {
    return Optional.ofNullable(loaded);
  }

  /**
   * Multiplies and adds pairs of BF16 in registers, by the dot products of the strongest
   * instruction set.
   *
   * @return the number of operations; 0 where the processor has no such instructions
   */
  public long multiplyPairs(long steps) {
    return sets.isEmpty() ? 0 : NativeCalls.bf16Dots(sets.getLast().code(), steps);
  }

  /** Returns why there is no library; empty when there is one. */
  public String reason() {
    return reason;
  }
}
