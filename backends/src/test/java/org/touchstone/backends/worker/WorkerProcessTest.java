package org.touchstone.backends.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.WorkerProfile;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class WorkerProcessTest {
  private static final Duration AMPLE = Duration.ofMinutes(2);

  private static WorkerCommand command() {
    return WorkerCommand.of(TalkativeWorker.class, "first", "second word");
  }

  private static WorkerProcess worker() {
    return WorkerProcess.start(command());
  }

  private static String answer(WorkerProcess worker, String request) {
    WorkerReply reply = worker.request(request, AMPLE);
    assertThat(reply).as(request).isInstanceOf(WorkerReply.Answer.class);
    return ((WorkerReply.Answer) reply).line();
  }

  @Test
  void answers_requests_one_after_the_other() {
    try (WorkerProcess worker = worker()) {
      assertThat(answer(worker, "hello ü")).isEqualTo("echo hello ü");
      assertThat(answer(worker, "")).isEqualTo("echo ");
      assertThat(answer(worker, "argument 1")).isEqualTo("second word");
      assertThat(answer(worker, "big 0123456789")).hasSize(1_000_000);
      assertThat(worker.isAlive()).isTrue();
      assertThat(worker.exited()).isEmpty();
    }
  }

  @Test
  void ends_a_healthy_worker_by_closing_the_channel() {
    WorkerProcess worker = worker();
    try (worker) {
      assertThat(answer(worker, "x")).isEqualTo("echo x");
    }
    assertThat(worker.exited()).contains(new WorkerExit(0));
  }

  @Test
  void takes_no_noise_for_an_answer() {
    List<String> lines = new CopyOnWriteArrayList<>();
    try (WorkerProcess worker = WorkerProcess.start(command(), lines::add)) {
      assertThat(answer(worker, "print half a line on stdout")).isEqualTo("done");
      assertThat(answer(worker, "native half a line from a driver")).isEqualTo("done");
      assertThat(answer(worker, "complain a line on stderr")).isEqualTo("done");
      assertThat(answer(worker, "x")).isEqualTo("echo x");
    }
    assertThat(lines)
        .contains("half a line on stdout", "half a line from a driver", "a line on stderr");
  }

  @Test
  void reports_findings_with_the_request_that_caused_them() {
    WorkerCommand checked =
        command()
            .with(
                new WorkerProfile() {
                  @Override
                  public boolean appliesTo(String deviceUri) {
                    return true;
                  }

                  @Override
                  public Map<String, String> environment() {
                    return Map.of("CHECK_RACES", "1");
                  }

                  @Override
                  public List<String> jvmArguments() {
                    return List.of("-Dchecked=yes");
                  }

                  @Override
                  public List<Pattern> findings() {
                    return List.of(Pattern.compile("^Invalid (read|write)"));
                  }
                });
    try (WorkerProcess worker = WorkerProcess.start(checked)) {
      assertThat(answer(worker, "variable CHECK_RACES")).isEqualTo("1");
      assertThat(answer(worker, "property checked")).isEqualTo("yes");
      assertThat(worker.request("complain Invalid read of 4 bytes", AMPLE).findings())
          .containsExactly("Invalid read of 4 bytes");
      assertThat(worker.request("native Invalid write of 4 bytes", AMPLE).findings())
          .containsExactly("Invalid write of 4 bytes");
      assertThat(worker.request("complain all is well", AMPLE).findings()).isEmpty();
    }
  }

  @Test
  void kills_a_worker_that_hangs_and_starts_another() {
    try (WorkerProcess worker = worker()) {
      String pid = answer(worker, "pid");
      Duration limit = Duration.ofMillis(300);
      assertThat(worker.request("hang", limit))
          .isInstanceOfSatisfying(
              WorkerReply.TimedOut.class, reply -> assertThat(reply.limit()).isEqualTo(limit));
      assertThat(worker.isAlive()).isFalse();
      try (WorkerProcess next = worker.restart()) {
        assertThat(answer(next, "pid")).isNotEqualTo(pid);
      }
    }
  }

  @Test
  void says_how_a_worker_ended() {
    assertCrash("exit 3", new WorkerExit(3), "exit code 3");
    assertCrash("halt 70", new WorkerExit(70), "exit code 70");
    assertCrash("throw a deliberate failure", new WorkerExit(1), "exit code 1");
  }

  private static void assertCrash(
      String request, WorkerExit exit, String text, Integer... signals) {
    try (WorkerProcess worker = worker()) {
      assertThat(worker.request(request, AMPLE))
          .isInstanceOfSatisfying(
              WorkerReply.Crashed.class,
              reply -> {
                assertThat(reply.exit()).isEqualTo(exit).hasToString(text);
                assertThat(reply.exit().signal().stream()).containsExactly(signals);
                if (request.startsWith("throw")) {
                  assertThat(reply.lastLines()).anyMatch(l -> l.contains("a deliberate failure"));
                }
              });
      assertThat(worker.isAlive()).isFalse();
      assertThat(worker.request("still there?", AMPLE)).isInstanceOf(WorkerReply.Crashed.class);
    }
  }

  @Test
  void names_the_signal_that_ended_a_worker() {
    assertCrash("kill", new WorkerExit(137), "signal 9 (SIGKILL)", 9);
    assertThat(new WorkerExit(139)).hasToString("signal 11 (SIGSEGV)");
    assertThat(new WorkerExit(128 + 34)).hasToString("signal 34");
    assertThat(new WorkerExit(255)).hasToString("exit code 255");
  }

  @Test
  void rejects_texts_of_several_lines() {
    try (WorkerProcess worker = worker()) {
      assertThatThrownBy(() -> worker.request("one\ntwo", AMPLE))
          .isInstanceOf(HalException.class)
          .hasMessageContaining("single lines");
      assertThat(worker.request("multiline", AMPLE)).isInstanceOf(WorkerReply.Crashed.class);
    }
  }

  @Test
  void closing_kills_a_worker_that_stays() {
    WorkerProcess worker = worker();
    assertThat(answer(worker, "x")).isEqualTo("echo x");
    worker.kill();
    worker.kill();
    worker.close();
    assertThat(worker.isAlive()).isFalse();
    assertThatThrownBy(() -> WorkerChannel.serve(line -> line))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("start it as a worker");
  }
}
