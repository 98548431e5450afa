package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.backends.opencl.Pocl;

class PlatformsTest {
  @ParameterizedTest
  @CsvSource({
    "Portable Computing Language, pocl",
    "rusticl, rusticl",
    "Oclgrind, oclgrind",
    "AMD Accelerated Parallel Processing, amd",
    "Intel(R) OpenCL Graphics, intel",
    "ARM Platform, mali",
    "QUALCOMM Snapdragon(TM), adreno",
    "Moore Threads OpenCL, mthreads",
    "NVIDIA CUDA, nvidia",
    "Some Vendor's (TM) CL, some-vendor-s-tm-cl",
    "'', unnamed"
  })
  void shortens_names_of_platforms(String name, String slug) {
    assertThat(Platforms.slug(name)).isEqualTo(slug);
  }

  @Test
  void names_every_device_once_and_the_same_way_again() {
    Pocl.require();
    List<String> first = Platforms.enumerate().devices().stream().map(FoundDevice::uri).toList();
    List<String> again = Platforms.enumerate().devices().stream().map(FoundDevice::uri).toList();
    assertThat(first).contains(Pocl.URI).isEqualTo(again);
    assertThat(new HashSet<>(first)).hasSameSizeAs(first);
  }
}
