package org.touchstone.backends.cuda;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What ptxas made of one kernel for one target.
 *
 * @param kernel the kernel's name
 * @param registers registers of a thread
 * @param stack bytes of stack of a thread
 * @param spills bytes of spilled registers, stores and loads together
 * @param shared bytes of static shared memory
 * @param halfMatrices instructions that multiply matrices of 16-bit floats
 * @param fp8Matrices instructions that multiply matrices of 8-bit floats
 */
record Assembled(
    String kernel,
    int registers,
    int stack,
    int spills,
    int shared,
    int halfMatrices,
    int fp8Matrices) {
  /** The low 12 bits of the first word of an instruction: HMMA and QMMA. */
  private static final int HALF_OPCODE = 0x23c;

  private static final int FP8_OPCODE = 0x27a;
  private static final int OPCODE_MASK = 0xfff;
  private static final int INSTRUCTION_BYTES = 16;

  private static final Pattern KERNEL =
      Pattern.compile(
          "Compiling entry function '(\\w+)'.*?(\\d+) bytes stack frame, (\\d+) bytes spill stores,"
              + " (\\d+) bytes spill loads.*?Used (\\d+) registers([^\\n]*)",
          Pattern.DOTALL);
  private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

  /** Assembles a file. */
  static List<Assembled> of(String target, Path ptx, Path work)
      throws IOException, InterruptedException {
    Path cubin = work.resolve(ptx.getFileName() + "." + target);
    Path messages = work.resolve(ptx.getFileName() + "." + target + ".txt");
    Process process =
        new ProcessBuilder("ptxas", "-arch=" + target, "-v", "-o", cubin.toString(), ptx.toString())
            .redirectErrorStream(true)
            .redirectOutput(messages.toFile())
            .start();
    int exit = process.waitFor();
    String text = Files.readString(messages);
    if (exit != 0) {
      throw new AssertionError("ptxas refuses " + ptx + " for " + target + ": " + text);
    }
    Map<String, int[]> counts = matrixInstructions(Files.readAllBytes(cubin));
    List<Assembled> kernels = new ArrayList<>();
    Matcher found = KERNEL.matcher(text);
    while (found.find()) {
      Matcher shared = SHARED.matcher(found.group(6));
      int[] count = counts.getOrDefault(found.group(1), new int[2]);
      kernels.add(
          new Assembled(
              found.group(1),
              Integer.parseInt(found.group(5)),
              Integer.parseInt(found.group(2)),
              Integer.parseInt(found.group(3)) + Integer.parseInt(found.group(4)),
              shared.find() ? Integer.parseInt(shared.group(1)) : 0,
              count[0],
              count[1]));
    }
    return kernels;
  }

  /** Counts matrix instructions in the {@code .text} sections of a 64-bit ELF file. */
  private static Map<String, int[]> matrixInstructions(byte[] elf) {
    ByteBuffer bytes = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
    int sections = (int) bytes.getLong(40);
    int size = bytes.getShort(58);
    int number = bytes.getShort(60);
    int names = (int) bytes.getLong(sections + bytes.getShort(62) * size + 24);
    Map<String, int[]> counts = new TreeMap<>();
    for (int i = 0; i < number; i++) {
      int header = sections + i * size;
      String name = text(elf, names + bytes.getInt(header));
      if (name.startsWith(".text.")) {
        int from = (int) bytes.getLong(header + 24);
        int to = from + (int) bytes.getLong(header + 32);
        int[] count = new int[2];
        for (int at = from; at < to; at += INSTRUCTION_BYTES) {
          int opcode = (int) bytes.getLong(at) & OPCODE_MASK;
          count[0] += opcode == HALF_OPCODE ? 1 : 0;
          count[1] += opcode == FP8_OPCODE ? 1 : 0;
        }
        counts.put(name.substring(".text.".length()), count);
      }
    }
    return counts;
  }

  private static String text(byte[] bytes, int from) {
    int to = from;
    while (bytes[to] != 0) {
      to++;
    }
    return new String(bytes, from, to - from, StandardCharsets.US_ASCII);
  }
}
