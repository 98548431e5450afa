package org.touchstone.tools.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.report.HtmlPage;
import tools.jackson.databind.JsonNode;

/** The report's page in a headless browser: what it says, how it behaves, whether it is legible. */
class HtmlPageTest {
  private static final Path SCREENSHOTS = Path.of("target", "screenshots");
  private static final ConformanceReport REPORT = ManyRows.report();

  /** Width of a common phone, in CSS pixels. */
  private static final int PHONE = 390;

  /** WCAG 2.2, success criterion 1.4.3: least contrast of text. */
  private static final double LEAST_CONTRAST = 4.5;

  /** Texts that are hard to read: the least contrast to what lies behind, as ratio and text. */
  private static final String HARD_TO_READ =
      """
      (() => {
        const parse = (text) => {
          const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
          return [r, g, b, a];
        };
        const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
        const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
        const behind = (node) => {
          const layers = [];
          for (let e = node; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
          return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
        };
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const found = [];
        let texts = 0;
        for (let text = walker.nextNode(); text; text = walker.nextNode()) {
          const e = text.parentElement;
          if (!text.textContent.trim() || !e.checkVisibility() || e.closest('script,style,option,svg')) continue;
          texts++;
          const back = behind(e);
          const front = over(parse(getComputedStyle(e).color), back);
          const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
          const ratio = (a + 0.05) / (b + 0.05);
          if (ratio < LEAST) found.push(ratio.toFixed(2) + ' ' + text.textContent.trim().slice(0, 60));
        }
        return { texts, found };
      })()
      """
          .replace("LEAST", Double.toString(LEAST_CONTRAST));

  @TempDir static Path folder;

  private static Chromium browser;
  private static URI page;

  @BeforeAll
  static void open() throws Exception {
    StringBuilder text = new StringBuilder();
    HtmlPage.write(REPORT, ManyRows.measurements(), text);
    Path file = Files.writeString(folder.resolve("report.html"), text);
    page = file.toUri();
    Files.createDirectories(SCREENSHOTS);
    browser = Chromium.start(folder);
  }

  @AfterAll
  static void close() throws Exception {
    if (browser != null) {
      browser.quit();
    }
  }

  private static int count(String selector) throws Exception {
    return browser.eval("document.querySelectorAll('" + selector + "').length").asInt();
  }

  private static int sum(String selector, String name) throws Exception {
    return browser
        .eval(
            "[...document.querySelectorAll('"
                + selector
                + "')].reduce((s, e) => s + Number(e.dataset."
                + name
                + "), 0)")
        .asInt();
  }

  private static String text(String selector) throws Exception {
    return browser.eval("document.querySelector('" + selector + "').textContent").asString();
  }

  /** Takes a picture and returns how bright it is on average, from 0 to 1. */
  private static double picture(String name) throws Exception {
    Path file = SCREENSHOTS.resolve(name + ".png");
    browser.screenshot(file, true);
    BufferedImage image = ImageIO.read(file.toFile());
    Set<Integer> colours = new HashSet<>();
    double sum = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        int rgb = image.getRGB(x, y);
        colours.add(rgb);
        sum += (rgb >> 16 & 255) + (rgb >> 8 & 255) + (rgb & 255);
      }
    }
    // A blank picture has one colour; shades of letters alone make hundreds.
    assertThat(colours).hasSizeGreaterThan(200);
    return sum / (3 * 255.0 * image.getHeight() * image.getWidth());
  }

  private static int width() throws Exception {
    return browser.eval("document.documentElement.scrollWidth").asInt();
  }

  private static List<String> strings(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asString).toList();
  }

  @Test
  void saysWhatTheReportSays() throws Exception {
    browser.show(page, 1280, 900, "light");
    assertThat(picture("desktop")).isGreaterThan(0.85);

    List<CaseResult> failing =
        REPORT.results().stream().filter(r -> r.outcome().failing()).toList();
    long judged = REPORT.results().stream().filter(r -> r.metrics().isPresent()).count();
    assertThat(sum(".cell", "cases")).isEqualTo(REPORT.results().size());
    for (Outcome outcome : Outcome.values()) {
      assertThat(sum(".tiles [data-what=" + outcome.label() + "]", "count"))
          .as(outcome.label())
          .isEqualTo(REPORT.total().of(outcome));
    }
    assertThat(sum(".hist li", "count")).isEqualTo((int) judged);
    assertThat(
            strings(
                browser.eval(
                    "[...document.querySelectorAll('#failures code')].map(e => e.textContent)")))
        .containsExactlyElementsOf(failing.stream().map(CaseResult::repro).toList());
    assertThat(text("#failures .why")).isEqualTo(failing.getFirst().reason());
    assertThat(count("#roofline circle")).isEqualTo(ManyRows.measurements().size());
    assertThat(count("#slowest li")).isEqualTo(12);
    assertThat(text("#environment")).contains("fingerprint", "25.0.3+9-LTS", "<scores>");
    assertThat(text(".verdict")).contains("not proven", failing.size() + " cases are wrong");
  }

  @Test
  void needsNothingFromElsewhereAndNoScriptFails() throws Exception {
    browser.show(page, 1280, 900, "light");
    browser.eval("document.querySelector('.cell').click()");

    assertThat(browser.requests()).containsExactly(page.toString());
    assertThat(browser.errors()).isEmpty();
  }

  @Test
  void aCellOpensItsCasesWithTheLineThatRepeatsThem() throws Exception {
    browser.show(page, 1280, 900, "light");
    browser.eval("document.querySelector('.cell.bad').focus()");
    browser.press("Enter", 13);
    browser.eval("document.querySelector('.cell.bad').click()");

    CaseResult first =
        REPORT.results().stream().filter(r -> r.outcome().failing()).findFirst().orElseThrow();
    long there =
        REPORT.results().stream()
            .filter(r -> r.device().equals(first.device()) && r.op().equals(first.op()))
            .count();
    assertThat(browser.eval("document.getElementById('drill').open").asBoolean()).isTrue();
    assertThat(text("#drill-title")).isEqualTo(first.op() + " on " + first.device());
    assertThat(count("#drill .case")).isEqualTo((int) there);

    browser.eval("document.querySelector('#drill summary').click()");
    browser.eval("new Promise(done => setTimeout(done, 50))");
    assertThat(text("#drill .case .repro code")).isEqualTo(first.repro());
    assertThat(text("#drill .case .why")).isEqualTo(first.reason());
    browser.screenshot(SCREENSHOTS.resolve("drill-down.png"), false);

    browser.eval("[...document.querySelectorAll('#drill-chips button')].at(-1).click()");
    assertThat(count("#drill .case")).isLessThan((int) there);
    browser.press("Escape", 27);
    assertThat(browser.eval("document.getElementById('drill').open").asBoolean()).isFalse();
  }

  @Test
  void everyCaseIsFoundByItsWords() throws Exception {
    browser.show(page, 1280, 900, "light");
    browser.eval(
        "query.value = 'pocl saturating gemm_fp8';"
            + "query.dispatchEvent(new Event('input', { bubbles: true }))");

    long expected =
        REPORT.results().stream()
            .filter(r -> r.device().contains("pocl") && r.op().equals("gemm_fp8_block"))
            .filter(r -> r.name().endsWith("saturating"))
            .count();
    assertThat(expected).isPositive();
    assertThat(text("#found-count")).startsWith(expected + " case");
    assertThat(count("#found .case")).isEqualTo((int) expected);
  }

  @ParameterizedTest
  @CsvSource({"phone,light", "phone-dark,dark"})
  void fitsAPhone(String name, String theme) throws Exception {
    browser.show(page, PHONE, 844, theme);
    double brightness = picture(name);
    assertThat(brightness > 0.5).as("brightness %s", brightness).isEqualTo(theme.equals("light"));
    assertThat(width()).isEqualTo(PHONE);
    assertThat(
            browser
                .eval(
                    "Math.min(...[...document.querySelectorAll('.cell')]"
                        + ".map(e => e.getBoundingClientRect().height))")
                .asDouble())
        .isGreaterThanOrEqualTo(40);

    browser.eval("document.querySelector('.cell.bad').click()");
    browser.eval("document.querySelector('#drill summary').click()");
    browser.screenshot(SCREENSHOTS.resolve(name + "-drill-down.png"), false);
    assertThat(browser.eval("drill.scrollWidth").asInt()).isLessThanOrEqualTo(PHONE);
  }

  @ParameterizedTest
  @CsvSource({"light", "dark"})
  void everyTextHasContrast(String theme) throws Exception {
    browser.show(page, 1280, 900, theme);
    if (theme.equals("dark")) {
      assertThat(picture("desktop-dark")).isLessThan(0.2);
    }
    browser.eval("document.querySelector('.cell.bad').click()");
    browser.eval("document.querySelector('#drill summary').click()");
    browser.eval("new Promise(done => setTimeout(done, 50))");
    JsonNode result = browser.eval(HARD_TO_READ);

    assertThat(result.path("texts").asInt()).isGreaterThan(300);
    assertThat(strings(result.path("found"))).isEmpty();
    String back = browser.eval("getComputedStyle(document.body).backgroundColor").asString();
    assertThat(back).isEqualTo(theme.equals("dark") ? "rgb(19, 18, 16)" : "rgb(246, 244, 239)");
  }

  @Test
  void everythingToPressHasAName() throws Exception {
    browser.show(page, 1280, 900, "light");
    browser.send("Accessibility.enable", Map.of());
    JsonNode nodes = browser.send("Accessibility.getFullAXTree", Map.of()).path("nodes");

    int buttons = 0;
    for (JsonNode node : nodes) {
      String role = node.path("role").path("value").asString("");
      if (List.of("button", "searchbox", "combobox", "columnheader", "rowheader", "image")
          .contains(role)) {
        assertThat(node.path("name").path("value").asString("")).as("%s", node).isNotBlank();
        buttons += role.equals("button") ? 1 : 0;
      }
    }
    assertThat(buttons).isGreaterThan(count(".cell"));
    assertThat(text("title")).isEqualTo("Touchstone conformance");
    assertThat(browser.eval("document.documentElement.lang").asString()).isEqualTo("en");
  }

  @Test
  void theChecksNoticeAPageThatIsBroken() throws Exception {
    browser.show(page, PHONE, 844, "dark");
    browser.eval(
        "document.head.insertAdjacentHTML('beforeend',"
            + " '<style>.lead{color:#444}h1{width:500px}</style>')");

    assertThat(width()).isGreaterThan(PHONE);
    assertThat(strings(browser.eval(HARD_TO_READ).path("found"))).isNotEmpty();
  }
}
