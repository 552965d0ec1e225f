namespace Ixy.Cli;

/// <summary>Help texts of <c>ixy film</c> and <c>ixy trace</c>.</summary>
internal static class FilmTexts
{
    internal const string Film =
        "Runs a command on simulated cards and shows what they saw as an HTML page that you can step through.";

    internal const string Trace = "Runs a command on simulated cards and prints what they see, a line for each event.";
    internal const string Output = "The HTML file to write; an existing file is replaced.";
    internal const string Limit = "Ends the run after so many events, 1 to 1000000.";
    internal const string SimFilm = "Writes a film of what its clients do, the first 20000 events, when it ends.";

    internal const string Command =
        "After --: fwd, pktgen, pcap or replay, with cards like sim:ixgbe,wire=generator and --virtual-time.";

    internal const string FilmNotes = """
        Examples:
          ixy film -- fwd sim:ixgbe,wire=generator,count=10 sim:ixgbe,wire=generator,count=10 \
              --virtual-time --duration 1ms
          ixy film --output packed.html -- fwd sim:virtio,packed=on,wire=generator,count=10 \
              sim:virtio,packed=on,wire=generator,count=10 --virtual-time --duration 1ms

        The page needs no server and no network: open it in a browser, mail it, keep it.
        docs/film.md says what it shows. Without --virtual-time cards are recorded in real time; they are
        then much slower than usual.

        """;

    internal const string TraceNotes = """
        Example:
          ixy trace -- fwd sim:ixgbe,wire=generator,count=1 sim:ixgbe,wire=loopback --virtual-time --duration 1ms

        A line has the time in seconds, the number of the card, what happened, in square brackets the
        section of the datasheet or specification, and the line of the driver that did it.

        """;
}
