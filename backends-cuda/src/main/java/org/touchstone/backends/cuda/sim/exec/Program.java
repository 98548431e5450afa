package org.touchstone.backends.cuda.sim.exec;

import java.util.List;
import org.touchstone.backends.cuda.sim.ptx.PtxVariable;

/**
 * A kernel, decoded. Immutable; shared by all launches.
 *
 * @param name the kernel's name
 * @param code its instructions, device functions inlined
 * @param intSlots registers of 32 bits and fewer, constants and special registers included
 * @param longSlots registers of 64 bits
 * @param predicates predicate registers
 * @param constants values that fill a slot of 32 bits: pairs of slot and value
 * @param wideConstants values that fill a slot of 64 bits: pairs of slot and value
 * @param specials special registers that are read, with the slot that holds them
 * @param parameters the formal parameters
 * @param parameterOffsets the offset of each in the parameter bytes
 * @param parameterBytes the size of the parameter bytes
 * @param staticShared bytes of static shared memory, which come first
 * @param sharedAlign the alignment of dynamic shared memory
 * @param localBytes local memory of a thread
 * @param registers 32-bit registers of a thread as an assembler might allot them: the most that
 *     hold values at the same time, an estimate
 * @param maxThreads the most threads per block that the kernel allows, by {@code .maxntid} or
 *     {@code .reqntid}; 0 if it does not say
 * @param requiredBlock the block's extents that {@code .reqntid} demands, or empty
 */
public record Program(
    String name,
    List<Instruction> code,
    int intSlots,
    int longSlots,
    int predicates,
    List<Long> constants,
    List<Long> wideConstants,
    List<Special> specials,
    List<PtxVariable> parameters,
    List<Integer> parameterOffsets,
    int parameterBytes,
    int staticShared,
    int sharedAlign,
    int localBytes,
    int registers,
    int maxThreads,
    List<Integer> requiredBlock) {

  /**
   * A special register and its slot.
   *
   * @param name for example {@code %tid.x}
   */
  public record Special(String name, int slot) {}

  /** Returns where dynamic shared memory begins. */
  public int dynamicOffset() {
    return (staticShared + sharedAlign - 1) / sharedAlign * sharedAlign;
  }

  /** Returns the number of instructions. */
  public int length() {
    return code.size();
  }
}
