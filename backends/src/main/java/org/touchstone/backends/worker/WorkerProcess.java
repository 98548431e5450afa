package org.touchstone.backends.worker;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * A child JVM that answers one request at a time. A crash or a hang is a {@link WorkerReply}, never
 * an exception; {@link #restart} starts the next process of the same kind. Thread-safe; requests of
 * several threads wait for each other.
 */
public final class WorkerProcess implements AutoCloseable {
  private static final long ENDING_SECONDS = 10;

  private final WorkerCommand command;
  private final Consumer<String> listener;
  private final Process process;
  private final WorkerOutput output;

  private WorkerProcess(
      WorkerCommand command, Consumer<String> listener, Process process, WorkerOutput output) {
    this.command = command;
    this.listener = listener;
    this.process = process;
    this.output = output;
  }

  /** Starts a worker whose other output nobody listens to. */
  public static WorkerProcess start(WorkerCommand command) {
    return start(command, line -> {});
  }

  /**
   * Starts a worker.
   *
   * @param listener gets every line on stdout and stderr that is not a reply, on a thread of its
   *     own
   * @throws HalException with {@link ErrorCode#NATIVE_FAILURE} when no process can be started
   */
  public static WorkerProcess start(WorkerCommand command, Consumer<String> listener) {
    String token = "<" + UUID.randomUUID() + ">";
    ProcessBuilder builder = new ProcessBuilder(command.commandLine(token));
    builder.environment().putAll(command.environment());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new HalException(
          ErrorCode.NATIVE_FAILURE,
          "cannot start a worker process: " + e.getMessage(),
          null,
          null,
          "check memory, process limits and the JDK's folder",
          e);
    }
    WorkerOutput output = new WorkerOutput(token, command.findings(), listener);
    pump(process.getInputStream(), output, WorkerOutput.Source.STDOUT);
    pump(process.getErrorStream(), output, WorkerOutput.Source.STDERR);
    return new WorkerProcess(command, listener, process, output);
  }

  private static void pump(InputStream stream, WorkerOutput output, WorkerOutput.Source source) {
    Thread.ofPlatform()
        .daemon()
        .name("touchstone-worker-" + source)
        .start(
            () -> {
              try (BufferedReader lines =
                  new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                  output.line(source, line);
                }
              } catch (IOException e) {
                output.line(source, "the worker's output broke: " + e);
              } finally {
                output.ended();
              }
            });
  }

  /**
   * Sends a request and waits for its reply. A worker that does not answer in time is killed.
   *
   * @param request a single line
   * @param limit time limit
   */
  public synchronized WorkerReply request(String request, Duration limit) {
    WorkerChannel.requireOneLine(request);
    output.begin();
    try {
      send(request);
      String answer = output.await(limit.toNanos());
      if (answer != null) {
        return new WorkerReply.Answer(answer, output.findings());
      }
      // A child of a crashed worker can hold the streams open, so the process itself decides.
      if (output.isOpen() && process.isAlive()) {
        kill();
        return new WorkerReply.TimedOut(limit, output.findings(), output.lastLines());
      }
      return new WorkerReply.Crashed(exit(), output.findings(), output.lastLines());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      kill();
      throw new HalException(
          ErrorCode.INTERRUPTED,
          "interrupted while waiting for a worker process, which was killed",
          null,
          null,
          null,
          e);
    }
  }

  private void send(String request) {
    try {
      OutputStream stdin = process.getOutputStream();
      stdin.write((request + "\n").getBytes(StandardCharsets.UTF_8));
      stdin.flush();
    } catch (IOException e) {
      // The worker has ended or is about to: waiting for its output tells how.
      output.line(WorkerOutput.Source.STDERR, "the worker takes no request: " + e.getMessage());
    }
  }

  private WorkerExit exit() throws InterruptedException {
    if (!process.waitFor(ENDING_SECONDS, TimeUnit.SECONDS)) {
      // It closed its streams and stays: a driver's exit handler, for example.
      destroy();
    }
    return new WorkerExit(process.waitFor());
  }

  /** Returns whether the process runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Kills the process and its children at once. Killing twice does nothing. */
  public void kill() {
    destroy();
    try {
      process.waitFor();
      output.awaitEnd(ENDING_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void destroy() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  /** Ends this process, if it still runs, and starts another one of the same kind. */
  public WorkerProcess restart() {
    close();
    return start(command, listener);
  }

  /** Closes the channel, which ends a healthy worker, and kills one that stays. */
  @Override
  public synchronized void close() {
    try {
      process.getOutputStream().close();
      if (process.waitFor(ENDING_SECONDS, TimeUnit.SECONDS)) {
        output.awaitEnd(ENDING_SECONDS, TimeUnit.SECONDS);
        return;
      }
    } catch (IOException e) {
      // A request that was never taken could not be flushed: the worker has ended.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    kill();
  }

  /** Returns how the process ended; empty while it runs. */
  public Optional<WorkerExit> exited() {
    return process.isAlive() ? Optional.empty() : Optional.of(new WorkerExit(process.exitValue()));
  }
}
