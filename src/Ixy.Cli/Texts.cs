namespace Ixy.Cli;

/// <summary>Help texts.</summary>
internal static class Texts
{
    internal const string Ixy = "Drives network cards from user space, entirely in C#.";
    internal const string Fwd =
        "Forwards packets between two network cards, in both directions, with a thread for each queue pair.";
    internal const string Pktgen = "Sends numbered UDP packets; counts and drops what arrives.";

    internal const string Pcap =
        "Captures what arrives at one or more network cards to a pcapng file, with times in nanoseconds.";
    internal const string Replay = "Sends the packets of a capture, pcap or pcapng.";

    internal const string Sim =
        "Makes a simulated card that other processes drive: QEMU 10.1 or later, or ixy with vfio-user:PATH.";

    internal const string Completion = "Prints a script that enables Tab completion for ixy.";

    internal const string Shell = "bash, zsh or fish.";
    internal const string Manual = "Writes ixy's manual pages to files.";
    internal const string ManualDirectory = "Where; it is made if need be.";
    internal const string Card = "ixgbe, virtio or virtio-legacy; options may follow, as in ixgbe,model=x540.";
    internal const string Socket = "Where the card's socket is made: a path of at most 107 bytes.";
    internal const string Wire =
        "What the port is plugged into: generator, loopback, tap:NAME, pcap:IN[>OUT] or cable:NAME, with options as in "
        + "generator,rate=1Mpps.";
    internal const string Mac = "The card's MAC address.";
    internal const string FaultOnSignal =
        "Injects this fault each time SIGUSR1 comes, as in gone/2s (docs/faults.md has names and form).";
    internal const string Trace = "A file to which every register access is written, with names.";
    internal const string Device =
        "A card: a PCI address like 0000:03:00.0, or a simulated card like sim:ixgbe,wire=generator.";
    internal const string OtherDevice = "The other card.";
    internal const string CaptureArguments =
        "The cards, as elsewhere, and behind them the file; '-' is standard output.";
    internal const string SnapLength = "Most bytes of a packet that are kept.";
    internal const string NotPromiscuous =
        "Captures only what is addressed to the card, to groups it listens to, or to everybody.";
    internal const string ReplayFile = "The capture; '-' is standard input.";
    internal const string Speed =
        "How fast: original (as captured), a multiple (2x, 0.1x), a rate (5Mpps, 10G), or max.";
    internal const string Passes = "How often the capture is sent.";
    internal const string MaxGap = "The longest wait between two packets, as in 500ms or 2s. Without it, as captured.";
    internal const string Pad = "Fills packets that were cut when captured with zeroes. Without it, they are refused.";
    internal const string Batch = "Most packets that one call of the driver takes.";
    internal const string Duration = "Ends after this time: 500ms, 5s, 2m, or 10 for seconds. Without it, Ctrl-C ends.";
    internal const string ReplayDuration =
        "Ends after this time: 500ms, 5s, 2m, or 10 for seconds. Without it, the end of the capture is the end.";
    internal const string Touch =
        "Increments byte 1 of every packet, as C ixy does. Without it, the first cache line is read and nothing "
        + "changed.";
    internal const string Queues =
        "Queue pairs of each card, 1 to 64, among which it spreads the flows; each has a thread and, as far as there "
        + "are enough, a core.";
    internal const string SymmetricRss =
        "Both directions of a flow use the same queue pair. A virtio-net device has to offer RSS for that.";
    internal const string RingSize = "Descriptors of each ring: a power of two from 64 to 4096.";
    internal const string MaxFrameSize = "Longest frame received or sent, in bytes without FCS: 64 to 15864.";
    internal const string BufferSize =
        "Bytes of a receive buffer, a multiple of 1024. Without it, as many as the longest frame needs.";
    internal const string Interrupts =
        "Sleeps until a card interrupts while few packets come, and polls while many do. Not for cards that are used "
        + "through sysfs.";
    internal const string Checked = "Watches every packet buffer for double frees and leaks. Slower.";
    internal const string Metrics =
        "Serves counters to Prometheus at http://127.0.0.1:PORT/metrics; port 0 is any that is free.";
    internal const string VirtualTime =
        "Runs simulated cards and the command on a clock of their own: the same seed gives the same run, on any "
        + "machine.";
    internal const string Seed = "What is drawn in virtual time, as the order of turns, follows from this number.";
    internal const string PacketTime = "In virtual time, what it costs to move a packet.";
    internal const string PollTime =
        "In virtual time, what a round of a loop costs besides its packets: an empty round costs just this.";
    internal const string WakeTime = "In virtual time, from an interrupt until a sleeping loop goes on.";
    internal const string Json =
        "Prints the result as one JSON object, the last line of standard output; all else goes to standard error.";
    internal const string Size = "Length of a packet without its 4-byte CRC: 60 to 15864.";
    internal const string Rate = "How fast: packets (5Mpps, 100kpps), bits on the wire (10G, 100M), or max.";
    internal const string Count = "Ends after this many packets.";

    private const string Rates = """
        Rates:
          Mbit/s counts what a packet occupies on the wire, as ixy does: its bytes, 4 of CRC, and 20 of
          preamble and gap. So 14.88 Mpps of 60 bytes are 10000 Mbit/s. "dropped" is what the card missed
          for lack of descriptors, and what found the other card's transmit ring full.

        """;

    private const string Devices = """
        Devices:
          0000:03:00.0                  an Intel 82599, X540 or X550, or virtio-net: bound to vfio-pci, or held
                                        by no kernel driver (needs root)
          sim:ixgbe,wire=generator      a simulated 82599 whose port is plugged into a packet generator, which
                                        also checks what comes back (,rate=1Mpps ,size=60 ,count=1000)
          sim:ixgbe,wire=loopback       what the card sends comes back to it
          sim:ixgbe,wire=tap:ixy0       a TAP interface of this machine
          sim:ixgbe,wire=pcap:in.pcap   frames from a capture ('wire=pcap:in.pcap>out.pcapng' also writes one)
          sim:ixgbe,wire=cable:x        a cable to the other card that names it
          sim:virtio,wire=generator     a simulated virtio-net card (,packed=on ,queues=4), with the same wires;
                                        sim:virtio-legacy is one of version 0.9.5
          sim:ixgbe,behaviour=perverse,seed=7,wire=generator
                                        a card that does what is allowed, and not what is usual: drawn from a seed
          vfio-user:/tmp/card           a card in another process, behind the socket of a vfio-user server
        """;

    internal const string IxyNotes = $"""
        Examples:
          ixy fwd sim:ixgbe,wire=generator sim:ixgbe,wire=generator --duration 10s
          ixy pktgen sim:ixgbe,wire=loopback --rate 1Mpps
          ixy pcap sim:ixgbe,wire=generator,rate=1kpps - | tshark -r -
          ixy fwd --help

        To write a driver yourself: ./ixy grade, in a clone of the repository (labs/README.md).

        {Devices}
        """;

    internal const string FwdNotes = $"""
        Examples:
          ixy fwd sim:ixgbe,wire=generator sim:ixgbe,wire=generator --duration 10s
          ixy fwd sim:ixgbe,wire=tap:left sim:ixgbe,wire=tap:right
          sudo ixy fwd 0000:03:00.0 0000:03:00.1 --touch

        {Rates}
        {Devices}
        """;

    internal const string SimNotes = """
        Examples:
          ixy sim ixgbe --socket /tmp/left --wire generator,rate=1Mpps
          ixy sim ixgbe --socket /tmp/right --wire tap:ixy0
          ixy fwd vfio-user:/tmp/left vfio-user:/tmp/right

        In QEMU (see docs/vfio-user.md):
          -object memory-backend-memfd,id=ram,size=1G,share=on -machine q35,memory-backend=ram
          -device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"/tmp/left"}}'

        """;

    internal const string PcapNotes = $"""
        Examples:
          ixy pcap sim:ixgbe,wire=generator,rate=1Mpps out.pcapng --duration 5s
          ixy pcap sim:ixgbe,wire=tap:ixy0 - | tshark -r -
          sudo ixy pcap 0000:03:00.0 0000:03:00.1 both.pcapng --snaplen 128

        The capture:
          Packets that are received together have the same time, that of their reception by ixy. A file is written by
          a thread of its own; up to 64 MiB wait for a slow disk. What finds no room there is dropped, and counted in the
          report and at the end of the file.

        {Devices}
        """;

    internal const string ReplayNotes = $"""
        Examples:
          ixy replay in.pcapng sim:ixgbe,wire=tap:ixy0
          ixy replay in.pcap sim:ixgbe,wire=loopback --speed 10x
          ixy replay in.pcap sim:ixgbe,wire=loopback --max-gap 1s --pad
          sudo ixy replay in.pcapng 0000:03:00.0 --speed max --loop 100

        {Devices}
        """;

    internal const string PktgenNotes = $"""
        Examples:
          ixy pktgen sim:ixgbe,wire=loopback --rate 5Mpps --duration 10s
          ixy pktgen sim:ixgbe,wire=tap:ixy0 --size 1514 --count 1000
          sudo ixy pktgen 0000:03:00.0 --rate 10G

        {Rates}
        {Devices}
        """;

    internal const string CompletionNotes = """
        Examples:
          echo 'source <(ixy completion bash)' >> ~/.bashrc
          echo 'source <(ixy completion zsh)' >> ~/.zshrc     behind the line with compinit
          ixy completion fish > ~/.config/fish/completions/ixy.fish

        """;
}
