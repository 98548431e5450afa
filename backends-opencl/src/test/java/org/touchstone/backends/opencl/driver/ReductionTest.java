package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;

/**
 * The reductions of a group by local memory and by sub-groups. PoCL 3.1 has none, so a work-item
 * stands for a sub-group: what joins sub-groups is the kernels' own, the rest the driver's.
 */
class ReductionTest {
  private static final long SEED = 5;
  private static final int GROUPS = 3;

  private static final String SUB_GROUPS_OF_ONE =
      """
      #define sub_group_reduce_add(x) (x)
      #define sub_group_reduce_max(x) (x)
      #define get_sub_group_local_id() 0
      #define get_sub_group_id() get_local_id(0)
      #define get_num_sub_groups() get_local_size(0)
      """;

  private static final String KERNEL =
      """
      __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void f(
          __global const int *in, ulong in_at, __global float *out, ulong out_at) {
        REDUCTION_MEMORY;
        int value = in[get_global_id(0)];
        out[2 * get_global_id(0)] = group_sum((float)value, REDUCTION);
        out[2 * get_global_id(0) + 1] = (float)group_max_bits((uint)value, REDUCTION);
      }
      """;

  @ParameterizedTest
  @CsvSource({"local memory, 1", "local memory, 64", "sub-groups, 1", "sub-groups, 64"})
  void every_work_item_gets_sum_and_maximum_of_its_own_group(String by, int group) {
    Random random = new Random(SEED);
    int count = GROUPS * group;
    MemorySegment in = Arena.ofAuto().allocate((long) Integer.BYTES * count, 4);
    int[] sums = new int[GROUPS];
    int[] largest = new int[GROUPS];
    for (int i = 0; i < count; i++) {
      int value = random.nextInt(1 << 16);
      in.setAtIndex(ValueLayout.JAVA_INT, i, value);
      sums[i / group] += value;
      largest[i / group] = Math.max(largest[i / group], value);
    }
    MemorySegment out = run(in, by.equals("sub-groups"), group);
    for (int i = 0; i < count; i++) {
      assertThat(out.getAtIndex(ValueLayout.JAVA_FLOAT, 2L * i))
          .as("sum of group %d, seed %d", i / group, SEED)
          .isEqualTo(sums[i / group]);
      assertThat(out.getAtIndex(ValueLayout.JAVA_FLOAT, 2L * i + 1)).isEqualTo(largest[i / group]);
    }
  }

  private static MemorySegment run(MemorySegment in, boolean subGroups, int group) {
    String source = KernelSources.afterPrelude(KERNEL);
    List<String> options = List.of("-DVARIANT_GPU=1", "-DGROUP=" + group);
    if (subGroups) {
      source = SUB_GROUPS_OF_ONE + source;
      options = List.of("-DVARIANT_GPU=1", "-DGROUP=" + group, "-DSUB_GROUPS=1");
    }
    long bytes = in.byteSize();
    MemorySegment out = Arena.ofAuto().allocate(2 * bytes, 4);
    try (OpenDevice device = new OpenDevice();
        OpenClKernel kernel =
            device.context.programs().kernelOf(source, "reduction.cl", "f", options);
        BackendQueue queue = device.context.openQueue();
        DeviceMemory from = device.context.memory().allocate(bytes);
        DeviceMemory to = device.context.memory().allocate(2 * bytes)) {
      queue.copy(rows(null, in, from, null, bytes));
      kernel.launch().memory(from, 0).memory(to, 0).run(queue, GROUPS, group);
      queue.copy(rows(to, null, null, out, 2 * bytes));
      queue.record().await();
    }
    return out;
  }

  private static CopyRows rows(
      @Nullable DeviceMemory from,
      @Nullable MemorySegment fromHost,
      @Nullable DeviceMemory to,
      @Nullable MemorySegment toHost,
      long bytes) {
    return new CopyRows(
        new CopyRows.End(from, fromHost, 0, bytes),
        new CopyRows.End(to, toHost, 0, bytes),
        bytes,
        1);
  }
}
