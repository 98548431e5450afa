package org.touchstone.backends.cuda.jcuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JcudaLoaderTest {
  /** What JCuda 12.6.0 says, with the frames left out. */
  private static String twoTraces(String asFile, String asResource) {
    return """
    Error while loading native library "JCudaDriver"
    Operating system name: Linux
    ---(start of nested stack traces)---
    Stack trace from the attempt to load the library as a file:
    %s
    \tat java.base/java.lang.ClassLoader.loadLibrary(ClassLoader.java:2458)
    Stack trace from the attempt to load the library as a resource:
    %s
    \tat jcuda.LibUtils.writeResourceToFile(LibUtils.java:331)
    ---(end of nested stack traces)---
    """
        .formatted(asFile, asResource);
  }

  private static String reason(String message) {
    return JcudaLoader.reasonOf(new UnsatisfiedLinkError(message));
  }

  @Test
  void names_the_file_that_is_missing_or_does_not_load() {
    String notThere = "java.lang.UnsatisfiedLinkError: no JCudaDriver in java.library.path";
    assertThat(reason(twoTraces(notThere, "java.io.IOException: No resource '/lib/libJCuda.so'")))
        .isEqualTo("java.io.IOException: No resource '/lib/libJCuda.so'");
    assertThat(
            reason(twoTraces(notThere, "java.lang.UnsatisfiedLinkError: /a/libJCuda.so: no GLIBC")))
        .isEqualTo("java.lang.UnsatisfiedLinkError: /a/libJCuda.so: no GLIBC");
    assertThat(reason("wrong ELF class")).isEqualTo("wrong ELF class");
    assertThat(JcudaLoader.reasonOf(new NoClassDefFoundError())).isEqualTo("NoClassDefFoundError");
  }
}
