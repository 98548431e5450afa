package org.touchstone.tools.cli;

import picocli.CommandLine.Command;

/** Cases for those who cannot run the suite. */
@Command(
    name = "golden",
    description =
        "Prove a kernel that no JVM can reach: 'export' writes cases as safetensors files, any"
            + " program computes them, 'judge' judges what it wrote.",
    subcommands = {GoldenExportCommand.class, GoldenJudgeCommand.class})
final class GoldenCommand {}
