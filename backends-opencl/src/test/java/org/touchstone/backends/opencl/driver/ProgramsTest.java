package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;

class ProgramsTest {
  private static final String DOUBLED =
      "__kernel void twice(__global int *x, ulong at) { x[get_global_id(0) + at / 4] *= 2; }";

  @Test
  void a_failed_build_tells_the_log_the_kernel_and_the_options() {
    try (OpenDevice device = new OpenDevice()) {
      assertThatThrownBy(
              () ->
                  device
                      .context
                      .programs()
                      .kernelOf(
                          "__kernel void f() { nosuch; }", "wrong.cl", "f", List.of("-DX=84")))
          .isInstanceOfSatisfying(
              HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NATIVE_FAILURE))
          .hasMessageContainingAll(
              "building wrong.cl", "-DX=84", "CL_BUILD_PROGRAM_FAILURE", "nosuch");
      assertThat(device.context.programs().count()).isZero();
    }
  }

  @Test
  void a_program_is_built_once_for_all_its_kernels() {
    try (OpenDevice device = new OpenDevice()) {
      Programs programs = device.context.programs();
      try (OpenClKernel first = programs.kernelOf(DOUBLED, "twice.cl", "twice", List.of());
          OpenClKernel second = programs.kernelOf(DOUBLED, "twice.cl", "twice", List.of())) {
        assertThat(first).isNotSameAs(second);
        assertThat(device.told).hasSize(1);
        assertThat(programs.count()).isEqualTo(1);
      }
    }
  }

  @Test
  void a_kept_binary_runs_without_the_compiler() {
    byte[] binary;
    try (OpenDevice device = new OpenDevice()) {
      device.context.programs().kernelOf(DOUBLED, "twice.cl", "twice", List.of()).close();
      binary = device.compiled;
    }
    assertThat(binary).isNotEmpty();
    try (OpenDevice device = new OpenDevice()) {
      device.cached = List.of(binary);
      assertThat(twice(device, 21)).isEqualTo(42);
      assertThat(device.told).noneMatch(line -> line.startsWith("invalidate"));
      assertThat(device.compiled).isEmpty();
    }
  }

  @Test
  void a_binary_that_the_driver_refuses_is_forgotten_and_built_again() {
    try (OpenDevice device = new OpenDevice()) {
      device.cached = List.of("no binary".getBytes(StandardCharsets.UTF_8));
      assertThat(twice(device, 21)).isEqualTo(42);
      assertThat(device.told).anyMatch(line -> line.startsWith("invalidate: clCreateProgram"));
    }
  }

  @Test
  void a_seeded_defect_is_built_and_never_kept() {
    List<String> options = List.of("-DVARIANT_CPU=1", "-DGROUP=1");
    try (OpenDevice device = new OpenDevice()) {
      Programs programs = device.context.programs();
      programs.edit(new KernelEdit("add.cl", "+ load16(b", "- load16(b"));
      programs.kernel("add.cl", "add", options).close();
      assertThat(device.told).isEmpty();
      programs.kernel("cast.cl", "cast", options).close();
      assertThat(device.told).singleElement().asString().startsWith("get cast.cl");
    }
  }

  private static int twice(OpenDevice device, int number) {
    OpenClContext context = device.context;
    try (Arena arena = Arena.ofShared();
        OpenClKernel kernel = context.programs().kernelOf(DOUBLED, "twice.cl", "twice", List.of());
        BackendQueue queue = context.openQueue();
        DeviceMemory memory = context.memory().allocate(4096 + Integer.BYTES)) {
      MemorySegment host = arena.allocate(Integer.BYTES, Integer.BYTES);
      host.set(ValueLayout.JAVA_INT, 0, number);
      DeviceMemory part = memory.slice(4096, Integer.BYTES);
      queue.copy(rows(null, host, part, null));
      kernel.launch().memory(part, 0).run(queue, 1, 1);
      queue.copy(rows(part, null, null, host));
      queue.record().await();
      return host.get(ValueLayout.JAVA_INT, 0);
    }
  }

  private static CopyRows rows(
      @org.jspecify.annotations.Nullable DeviceMemory from,
      @org.jspecify.annotations.Nullable MemorySegment fromHost,
      @org.jspecify.annotations.Nullable DeviceMemory to,
      @org.jspecify.annotations.Nullable MemorySegment toHost) {
    return new CopyRows(
        new CopyRows.End(from, fromHost, 0, Integer.BYTES),
        new CopyRows.End(to, toHost, 0, Integer.BYTES),
        Integer.BYTES,
        1);
  }

  @Test
  void a_launch_that_the_driver_refuses_names_the_kernel_and_the_range() {
    try (OpenDevice device = new OpenDevice();
        OpenClKernel kernel =
            device.context.programs().kernelOf(DOUBLED, "twice.cl", "twice", List.of());
        BackendQueue queue = device.context.openQueue()) {
      long tooMany = device.context.facts().largestGroup() * 2;
      assertThatThrownBy(() -> kernel.launch().tensor(null).run(queue, 1, tooMany))
          .isInstanceOf(HalException.class)
          .hasMessageContainingAll(
              "clEnqueueNDRangeKernel of twice", "[" + tooMany + "]", "CL_INVALID_WORK");
    }
  }
}
