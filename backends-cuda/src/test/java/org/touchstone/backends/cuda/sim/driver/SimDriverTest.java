package org.touchstone.backends.cuda.sim.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.DeviceAttribute;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.FunctionAttribute;
import org.touchstone.backends.cuda.driver.JitOptions;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Schedule;

/** Tests the driver API: order of streams, errors, limits and what is left over. */
class SimDriverTest {
  private static final int N = 64;

  /** Adds one to each word. */
  private static final String PTX =
      """
      .version 7.0
      .target sm_80
      .address_size 64
      .extern .shared .align 16 .b8 dyn[];
      .visible .entry inc(.param .u64 p)
      {
      .reg .b32 %r<4>; .reg .b64 %rd<4>;
      ld.param.u64 %rd1, [p];
      mov.u32 %r1, %tid.x;
      mul.wide.u32 %rd2, %r1, 4;
      add.s64 %rd3, %rd1, %rd2;
      ld.global.u32 %r2, [%rd3];
      add.s32 %r3, %r2, 1;
      st.global.u32 [%rd3], %r3;
      ret;
      }
      """;

  private SimDriver driver = new SimDriver(DeviceProfile.ALL, Options.DEFAULT);

  @BeforeEach
  void retain() {
    use(Options.DEFAULT);
  }

  private void use(Options options) {
    driver = new SimDriver(DeviceProfile.ALL, options);
    driver.init();
    driver.ctxSetCurrent(driver.devicePrimaryCtxRetain(driver.deviceGet(1)));
  }

  private CudaDriver.Function kernel() {
    CudaDriver.Module module =
        driver.moduleLoadDataEx(PTX.getBytes(StandardCharsets.UTF_8), JitOptions.DEFAULT);
    return driver.moduleGetFunction(module, "inc");
  }

  private void launch(CudaDriver.Function kernel, CudaDriver.Stream stream, DevicePointer p) {
    byte[] params = new KernelParams().pointer(p).bytes();
    driver.launchKernel(kernel, Dim3.of(1), Dim3.of(N), 0, stream, params);
  }

  @Test
  void describesTheDevicesByTheirProfiles() {
    assertThat(driver.deviceGetCount()).isEqualTo(5);
    CudaDriver.Device l40s = driver.deviceGet(1);
    assertThat(driver.deviceGetName(l40s)).contains("simulated");
    assertThat(driver.deviceGetAttribute(DeviceAttribute.COMPUTE_CAPABILITY_MINOR, l40s))
        .isEqualTo(9);
    assertThat(driver.deviceGetAttribute(DeviceAttribute.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, l40s))
        .isEqualTo(99 * 1024);
  }

  @Test
  void runsCopiesAndKernelsInTheOrderOfTheirStreamUnderBothSchedules() {
    for (Schedule schedule : new Schedule[] {Schedule.DETERMINISTIC, Schedule.adversarial(5)}) {
      use(Options.DEFAULT.with(schedule));
      CudaDriver.Function kernel = kernel();
      CudaDriver.Stream stream = driver.streamCreate();
      DevicePointer p = driver.memAlloc(N * 4);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment host = arena.allocate(N * 4L);
        driver.memsetD32Async(p, 40, N, stream);
        launch(kernel, stream, p);
        launch(kernel, stream, p);
        driver.memcpyDtoHAsync(host, p, stream);
        driver.streamSynchronize(stream);
        for (int i = 0; i < N; i++) {
          assertThat(host.getAtIndex(ValueLayout.JAVA_INT, i)).isEqualTo(42);
        }
      }
    }
  }

  @Test
  void findsWorkOfTwoStreamsThatNoEventOrders() {
    CudaDriver.Function kernel = kernel();
    CudaDriver.Stream first = driver.streamCreate();
    CudaDriver.Stream second = driver.streamCreate();
    DevicePointer p = driver.memAlloc(N * 4);
    driver.memsetD32Async(p, 0, N, first);
    driver.streamSynchronize(first);
    launch(kernel, first, p);
    assertThatThrownBy(() -> launch(kernel, second, p))
        .isInstanceOf(CudaException.class)
        .hasMessageContaining("STREAM_RACE");
  }

  @Test
  void acceptsWorkOfTwoStreamsThatAnEventOrders() {
    for (Schedule schedule : new Schedule[] {Schedule.DETERMINISTIC, Schedule.adversarial(9)}) {
      use(Options.DEFAULT.with(schedule));
      CudaDriver.Function kernel = kernel();
      CudaDriver.Stream first = driver.streamCreate();
      CudaDriver.Stream second = driver.streamCreate();
      CudaDriver.Event event = driver.eventCreate(CudaDriver.Timing.DISABLED);
      DevicePointer p = driver.memAlloc(N * 4);
      driver.memsetD32Async(p, 0, N, first);
      launch(kernel, first, p);
      driver.eventRecord(event, first);
      driver.streamWaitEvent(second, event);
      launch(kernel, second, p);
      driver.streamSynchronize(second);
      // The host knows of the first stream's work through the second.
      launch(kernel, first, p);
      driver.ctxSynchronize();
    }
  }

  @Test
  void findingsPoisonTheContextWithTheFirstCause() {
    CudaDriver.Function kernel = kernel();
    CudaDriver.Stream stream = driver.streamCreate();
    DevicePointer p = driver.memAlloc(N * 4 - 4);
    driver.memsetD8Async(p, (byte) 0, N * 4 - 4, stream);
    assertThatThrownBy(() -> launch(kernel, stream, p))
        .isInstanceOfSatisfying(
            CudaException.class, e -> assertThat(e.result()).isEqualTo(CudaResult.ILLEGAL_ADDRESS))
        .hasMessageContaining("kernel inc")
        .hasMessageContaining("warp 1")
        .hasMessageContaining("lane 31");
    assertThatThrownBy(() -> driver.memAlloc(16)).hasMessageContaining("lane 31");
  }

  @Test
  void refusesLaunchesBeyondTheLimitsWithoutPoisoning() {
    CudaDriver.Function kernel = kernel();
    CudaDriver.Stream stream = driver.streamCreate();
    byte[] params = new KernelParams().i64(0).bytes();
    assertThatThrownBy(
            () -> driver.launchKernel(kernel, Dim3.of(1), Dim3.of(2048), 0, stream, params))
        .hasMessageContaining("LAUNCH_OUT_OF_RESOURCES");
    assertThatThrownBy(
            () -> driver.launchKernel(kernel, Dim3.of(1), Dim3.of(32), 60_000, stream, params))
        .hasMessageContaining("MAX_DYNAMIC_SHARED_SIZE_BYTES");
    assertThatThrownBy(
            () ->
                driver.funcSetAttribute(
                    kernel, FunctionAttribute.MAX_DYNAMIC_SHARED_SIZE_BYTES, 100 * 1024))
        .hasMessageContaining("INVALID_VALUE");
    assertThatThrownBy(
            () -> driver.launchKernel(kernel, Dim3.of(1), Dim3.of(32), 0, stream, new byte[4]))
        .hasMessageContaining("PARAMETER_SIZE");
    assertThat(driver.streamQuery(stream)).isTrue();
  }

  @Test
  void namesThePtxLineThatDoesNotLoad() {
    byte[] bad = PTX.replace("add.s32", "add.magic").getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> driver.moduleLoadDataEx(bad, JitOptions.DEFAULT))
        .hasMessageContaining("INVALID_PTX")
        .hasMessageContaining("ptx line 13");
  }

  @Test
  void tellsWhatWasNeverReleased() {
    DevicePointer p = driver.memAlloc(100);
    CudaDriver.Stream stream = driver.streamCreate();
    assertThat(driver.leaks()).hasSize(2).anySatisfy(l -> assertThat(l).contains("100 bytes"));
    driver.memFree(p);
    driver.streamDestroy(stream);
    assertThat(driver.leaks()).isEmpty();
    assertThatThrownBy(() -> driver.memFree(p)).hasMessageContaining("no allocation");
  }

  @Test
  void occupancyFollowsThreadsAndSharedMemory() {
    CudaDriver.Function kernel = kernel();
    assertThat(driver.occupancyMaxActiveBlocksPerMultiprocessor(kernel, 1024, 0)).isEqualTo(1);
    assertThat(driver.occupancyMaxActiveBlocksPerMultiprocessor(kernel, 128, 0)).isEqualTo(12);
    assertThat(driver.occupancyMaxActiveBlocksPerMultiprocessor(kernel, 128, 30_000)).isEqualTo(3);
    assertThat(driver.occupancyMaxActiveBlocksPerMultiprocessor(kernel, 128, 200_000)).isZero();
  }
}
