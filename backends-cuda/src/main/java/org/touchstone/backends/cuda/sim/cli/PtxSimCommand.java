package org.touchstone.backends.cuda.sim.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.touchstone.backends.cuda.sim.SimDevice;
import org.touchstone.backends.cuda.sim.SimModule;
import org.touchstone.backends.cuda.sim.check.SimulationException;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Program;
import org.touchstone.backends.cuda.sim.ptx.PtxException;
import org.touchstone.backends.cuda.sim.ptx.PtxVariable;
import org.touchstone.backends.spi.ToolCommand;

/**
 * {@code touchstone ptx-sim FILE.ptx --kernel NAME …}: runs a kernel of anybody's PTX with checks
 * on.
 *
 * <p>Exit codes: 0 nothing was found, 1 a finding, 2 the command line or the text cannot be
 * understood.
 */
public final class PtxSimCommand implements ToolCommand {
  private static final int FOUND = 1;
  private static final int USAGE = 2;
  private static final String HELP =
      """
      usage: touchstone ptx-sim FILE.ptx [--kernel NAME] [option...]
        without --kernel, lists the kernels and their parameters
        --device sm_89          simulated device: sm_80, sm_89, sm_90, sm_100 or sm_120
        --grid X[,Y[,Z]]        blocks, 1 by default
        --block X[,Y[,Z]]       threads of a block, 32 by default
        --shared BYTES          dynamic shared memory
        --arg KIND:VALUE        a parameter, in order:
                                  i32:N i64:N f32:X f64:X a value
                                  struct:FILE             the file's bytes themselves
                                  in:FILE                 a buffer with the file's bytes
                                  zero:BYTES              a buffer of zeros
                                  raw:BYTES               a buffer that nothing has written
                                  out:BYTES:FILE          a buffer of zeros, written to the file afterwards
        --seed N                adversarial schedule with the seed
        --checks all|none       bounds and alignment are always checked
        --accumulator exact|truncating
        --metrics               count bank conflicts and sectors, by instruction
        --workers N             threads
      """;

  /** Created by the service loader. */
  public PtxSimCommand() {}

  @Override
  public String name() {
    return "ptx-sim";
  }

  @Override
  public String summary() {
    return "run a kernel of a PTX file on a simulated GPU, with checks";
  }

  @Override
  public int run(List<String> arguments, PrintStream out, PrintStream err) {
    if (arguments.isEmpty() || arguments.contains("--help") || arguments.contains("-h")) {
      (arguments.isEmpty() ? err : out).print(HELP);
      return arguments.isEmpty() ? USAGE : 0;
    }
    try {
      return run(Request.parse(arguments), out);
    } catch (SimulationException e) {
      err.println(e.getMessage());
      return FOUND;
    } catch (PtxException | IllegalArgumentException | IllegalStateException e) {
      err.println("ptx-sim: " + e.getMessage());
      return USAGE;
    } catch (UncheckedIOException e) {
      return cannot(Objects.requireNonNull(e.getCause()), err);
    } catch (IOException e) {
      return cannot(e, err);
    }
  }

  private static int cannot(IOException e, PrintStream err) {
    err.println(
        e instanceof NoSuchFileException
            ? "ptx-sim: there is no file " + e.getMessage()
            : "ptx-sim: cannot read or write a file: " + e);
    return USAGE;
  }

  private static int run(Request request, PrintStream out) throws IOException {
    SimDevice device = new SimDevice(request.profile(), request.options());
    SimModule module = device.load(Files.readString(Path.of(request.file())));
    if (request.kernel().isEmpty()) {
      for (String name : module.kernels()) {
        describe(module.kernel(name), out);
      }
      return 0;
    }
    Program kernel = module.kernel(request.kernel());
    Buffers buffers = new Buffers(device, kernel);
    request.arguments().forEach(buffers::add);
    LaunchReport report = device.launch(kernel, request.config(), buffers.parameters());
    buffers.writeFiles();
    print(report, request.options(), out);
    return 0;
  }

  private static void describe(Program kernel, PrintStream out) {
    StringBuilder line = new StringBuilder(kernel.name()).append('(');
    String separator = "";
    for (PtxVariable p : kernel.parameters()) {
      line.append(separator).append(p.type());
      if (p.bytes() != PtxVariable.size(p.type())) {
        line.append('[').append(p.bytes()).append(']');
      }
      separator = ", ";
    }
    line.append(")  ").append(kernel.length()).append(" instructions, about ");
    line.append(kernel.registers()).append(" registers, ").append(kernel.staticShared());
    out.println(line.append(" bytes of static shared memory"));
  }

  private static void print(LaunchReport r, Options options, PrintStream out) {
    out.printf(
        Locale.ROOT,
        "%s: %d blocks, %d warp instructions, %d thread instructions, %.3f s%n",
        r.kernel(),
        r.blocks(),
        r.warpInstructions(),
        r.threadInstructions(),
        r.nanos() / 1e9);
    if (options.metrics() == Options.Metrics.OFF) {
      return;
    }
    out.printf(
        Locale.ROOT,
        "shared-memory wavefronts over ideal %.3f, global sectors over ideal %.3f%n",
        r.ratio(LaunchReport.Space.SHARED),
        r.ratio(LaunchReport.Space.GLOBAL));
    for (LaunchReport.Access a : r.accesses()) {
      out.printf(
          Locale.ROOT,
          "%6.2f  %-6s x%-8d line %-5d %-20s %s%n",
          a.ideal() == 0 ? 1.0 : (double) a.transactions() / a.ideal(),
          a.space().name().toLowerCase(Locale.ROOT),
          a.executed(),
          a.ptxLine(),
          a.source(),
          a.text());
    }
  }
}
