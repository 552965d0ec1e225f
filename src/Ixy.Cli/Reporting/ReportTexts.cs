namespace Ixy.Cli.Reporting;

/// <summary>Help texts of <c>ixy report</c>.</summary>
internal static class ReportTexts
{
    internal const string Report =
        "Starts the driver on a card for a moment and writes what its authors need to know to one file.";

    internal const string Output = "The file to write, JSON; an existing file is replaced; '-' is standard output.";
    internal const string Duration =
        "How long packets are counted once the link is up: 500ms, 5s, 2m, or 10 for seconds. By default 1s.";
    internal const string LinkTime = "How long to wait for the link, as above. By default 10s.";

    internal const string Notes = $"""
        Examples:
          sudo ixy report 0000:03:00.0
          ixy report sim:ixgbe,wire=generator --output -

        What is in the file:
          the version of ixy, kernel, processor and mainboard; what 'ixy doctor' says; the card's PCI ids, configuration
          space and capabilities; every register access of the driver's start, with names; link, counters and faults. If
          the driver does not start, the reason, and all accesses up to there. If the card fails later, each part that
          it did not give is named, with the reason.

        What is not:
          MAC and IP addresses, names of hosts and users, serial numbers, and what packets contain. The file says what
          was left out.

        The card must be ready for ixy ('ixy doctor ADDR'); otherwise only what can be read without it is in the file.
        Nothing is sent. 'lspci -F' reads the configuration space:
          jq -r '.device.configuration[]' ixy-report.json > config; lspci -F config -vvv

        Exit code:
          0  the file was written, also if the driver did not start, or the card failed
          1  there is no such card, or the file cannot be written
          2  the command line is wrong

        """;
}
