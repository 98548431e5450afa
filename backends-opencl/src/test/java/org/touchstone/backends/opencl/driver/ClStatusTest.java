package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jocl.CL;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.opencl.Pocl;

class ClStatusTest {
  @BeforeAll
  static void loadNames() {
    Pocl.require();
  }

  @ParameterizedTest
  @CsvSource({
    "-2, DEVICE_LOST, CL_DEVICE_NOT_AVAILABLE",
    "-4, OUT_OF_MEMORY, CL_MEM_OBJECT_ALLOCATION_FAILURE",
    "-5, NATIVE_FAILURE, CL_OUT_OF_RESOURCES",
    "-6, OUT_OF_MEMORY, CL_OUT_OF_HOST_MEMORY",
    "-34, DEVICE_LOST, CL_INVALID_CONTEXT",
    "-54, NATIVE_FAILURE, CL_INVALID_WORK_GROUP_SIZE",
    "-9999, DEVICE_LOST, -9999"
  })
  void failures_carry_the_name_and_a_class(int status, ErrorCode code, String name) {
    assertThatThrownBy(() -> ClStatus.check(status, "clSomething", "a buffer"))
        .isInstanceOfSatisfying(HalException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining("clSomething of a buffer answered " + name);
    assertThatCode(() -> ClStatus.check(CL.CL_SUCCESS, "clSomething")).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({
    "-1, NO_DEVICE",
    "-2, DEVICE_BUSY",
    "-5, MEMORY",
    "-6, MEMORY",
    "-32, DRIVER_REFUSED",
    "-1001, NO_PLATFORM"
  })
  void probes_tell_failures_apart(int status, ReasonCode code) {
    assertThat(ClStatus.reason(status, "clGetDeviceIDs").code()).isEqualTo(code);
    assertThat(ClStatus.reason(status, "clGetDeviceIDs").detail())
        .contains("clGetDeviceIDs", Integer.toString(status));
  }
}
