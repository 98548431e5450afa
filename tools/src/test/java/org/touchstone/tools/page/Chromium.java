package org.touchstone.tools.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.touchstone.tools.OutsideProgram;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A headless browser with one page, spoken to by its debugging protocol. */
final class Chromium {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int SECONDS = 120;

  private final Process process;
  private final HttpClient client = HttpClient.newHttpClient();
  private final WebSocket socket;
  private final AtomicInteger last = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<String> errors = new CopyOnWriteArrayList<>();

  private Chromium(Process process, int port) throws Exception {
    this.process = process;
    this.socket =
        client
            .newWebSocketBuilder()
            .buildAsync(page(port), new Answers())
            .get(SECONDS, TimeUnit.SECONDS);
    for (String domain : List.of("Page", "Runtime", "Network", "Log")) {
      send(domain + ".enable", Map.of());
    }
  }

  static Chromium start(Path folder) throws Exception {
    String program =
        OutsideProgram.find(
            "chromium",
            "chromium",
            List.of(
                List.of("chromium", "--version"),
                List.of("chromium-browser", "--version"),
                List.of("google-chrome", "--version")));
    Path profile = folder.resolve("profile");
    Process process =
        new ProcessBuilder(
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(folder.resolve("chromium.log").toFile())
            .start();
    try {
      return new Chromium(process, port(process, profile.resolve("DevToolsActivePort")));
    } catch (Exception e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static int port(Process process, Path file) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (System.nanoTime() < end && process.isAlive()) {
      if (Files.exists(file)) {
        List<String> lines = Files.readAllLines(file);
        if (lines.size() > 1) {
          return Integer.parseInt(lines.getFirst());
        }
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("chromium did not open its debugging port");
  }

  private URI page(int port) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list")).build();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (System.nanoTime() < end) {
      String body = client.send(request, HttpResponse.BodyHandlers.ofString()).body();
      for (JsonNode target : JSON.readTree(body)) {
        if (target.path("type").asString().equals("page")) {
          return URI.create(target.path("webSocketDebuggerUrl").asString());
        }
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("chromium has no page");
  }

  /** Sends a command and waits for its result. */
  JsonNode send(String method, Map<String, Object> params) throws Exception {
    int id = last.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    String text = JSON.writeValueAsString(Map.of("id", id, "method", method, "params", params));
    socket.sendText(text, true).get(SECONDS, TimeUnit.SECONDS);
    JsonNode message = answer.get(SECONDS, TimeUnit.SECONDS);
    assertThat(message.path("error").isMissingNode()).as("%s: %s", method, message).isTrue();
    return message.path("result");
  }

  /** Evaluates an expression to a value. */
  JsonNode eval(String expression) throws Exception {
    JsonNode result =
        send(
            "Runtime.evaluate",
            Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
    assertThat(result.path("exceptionDetails").isMissingNode())
        .as("%s: %s", expression, result)
        .isTrue();
    return result.path("result").path("value");
  }

  /** Shows a page in a window of some size and theme. */
  void show(URI page, int width, int height, String theme) throws Exception {
    requests.clear();
    send(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    send(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", theme))));
    send("Page.navigate", Map.of("url", page.toString()));
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!eval("location.href !== 'about:blank' && document.readyState === 'complete'")
        .asBoolean()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException(page + " does not load");
      }
      Thread.sleep(20);
    }
  }

  /** Presses and releases a key. */
  void press(String key, int code) throws Exception {
    for (String type : List.of("rawKeyDown", "keyUp")) {
      send(
          "Input.dispatchKeyEvent",
          Map.of("type", type, "key", key, "code", key, "windowsVirtualKeyCode", code));
    }
  }

  /** Writes what the page looks like, all of it or the part in the window. */
  void screenshot(Path file, boolean all) throws Exception {
    JsonNode result =
        send("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", all));
    Files.write(file, Base64.getDecoder().decode(result.path("data").asString()));
  }

  /** Returns the addresses that the page asked for. */
  List<String> requests() {
    return List.copyOf(requests);
  }

  /** Returns what scripts threw and the console complained about. */
  List<String> errors() {
    return List.copyOf(errors);
  }

  /** Ends the browser. */
  void quit() throws Exception {
    // A browser that may end by itself tidies its profile up.
    send("Browser.close", Map.of());
    if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    socket.abort();
    client.shutdownNow();
  }

  private final class Answers implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean whole) {
      text.append(part);
      if (whole) {
        message(JSON.readTree(text.toString()));
        text.setLength(0);
      }
      from.request(1);
      return CompletableFuture.completedStage(null);
    }

    private void message(JsonNode message) {
      CompletableFuture<JsonNode> answer = answers.remove(message.path("id").asInt(-1));
      if (answer != null) {
        answer.complete(message);
      }
      switch (message.path("method").asString("")) {
        case "Network.requestWillBeSent" ->
            requests.add(message.path("params").path("request").path("url").asString());
        case "Runtime.exceptionThrown", "Log.entryAdded" -> errors.add(message.toString());
        default -> {}
      }
    }
  }
}
