package org.touchstone.backends.cuda.standin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/**
 * What a child printed and which calls it made.
 *
 * @param printed its lines
 * @param calls calls of the stand-ins, in order
 */
record Outcome(List<String> printed, List<String> calls) {
  /** Returns how often a call was made. */
  long count(String call) {
    return calls.stream().filter(line -> line.split(" ", -1)[0].equals(call)).count();
  }

  /** Returns the first line that starts like this, or a text that says that there is none. */
  String line(String start) {
    return printed.stream()
        .filter(text -> text.startsWith(start))
        .findFirst()
        .orElseGet(() -> "nothing starts with '" + start + "' in " + printed);
  }

  /** Asserts that whatever was taken from the driver was given back. */
  void assertGivenBack() {
    assertThat(count("cuStreamDestroy")).isEqualTo(count("cuStreamCreate"));
    assertThat(count("cuEventDestroy")).isEqualTo(count("cuEventCreate"));
    assertThat(count("cuModuleUnload")).isEqualTo(count("cuModuleLoadDataEx"));
    assertThat(count("cuLinkDestroy")).isEqualTo(count("cuLinkCreate"));
    assertThat(count("nvrtcDestroyProgram")).isEqualTo(count("nvrtcCreateProgram"));
    assertThat(count("cuMemFree")).isEqualTo(count("cuMemAlloc"));
    assertThat(count("cuMemFreeAsync")).isEqualTo(count("cuMemAllocAsync"));
    assertThat(count("cuMemFreeHost")).isEqualTo(count("cuMemHostAlloc"));
    assertThat(count("cuDevicePrimaryCtxRelease")).isEqualTo(count("cuDevicePrimaryCtxRetain"));
  }
}
