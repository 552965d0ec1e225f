namespace Ixy.Simulation;

/// <summary>
/// Something that goes wrong with a simulated card, as it does with real ones: a fault of the hardware or of what it is
/// plugged into, not of its driver. <see cref="All"/> is the table of faults; <c>fault=</c> in a specifier and
/// <see cref="SimulatedPciDevice.Inject(CardFault, TimeSpan, TimeSpan?)"/> cause one. docs/faults.md says how each
/// shows.
/// </summary>
public sealed class CardFault
{
    private const string Ixgbe = "ixgbe", Modern = "virtio", Legacy = "virtio-legacy";

    private static readonly List<CardFault> s_all = [];

    /// <summary>The link goes down, for 100 ms unless another time is given.</summary>
    public static readonly CardFault LinkFlap = new(
        "link-flap", "82599 3.7.4; virtio 1.2, 5.1.4.1", "the far end's signal is gone for a while",
        FaultCourse.State, Ixgbe, Modern, Legacy)
    {
        UsualDuration = 100_000_000,
    };

    /// <summary>There is no link, and it does not come up.</summary>
    public static readonly CardFault NoLink = new(
        "no-link", "82599 4.6.4; virtio 1.2, 5.1.4.1", "the far end never shows a signal",
        FaultCourse.State, Ixgbe, Modern, Legacy);

    /// <summary>The card has left the bus. If a duration is given, it then comes back as after a bus reset.</summary>
    public static readonly CardFault Gone = new(
        "gone", "PCI 3.0, 3.3.3.1; 82599 9.3.3", "every read gives ones, every write is lost, and nothing moves",
        FaultCourse.State, Ixgbe, Modern, Legacy);

    /// <summary>A reset requested by software does not complete.</summary>
    public static readonly CardFault ResetHangs = new(
        "reset-hangs", "82599 4.2.1.6.1; virtio 1.2, 4.1.4.3.2",
        "CTRL.RST and LRST stay set, device_status does not become 0", FaultCourse.State, Ixgbe, Modern, Legacy);

    /// <summary>The card never reports that its bus requests have ended.</summary>
    public static readonly CardFault MasterHangs = new(
        "master-hangs", "82599 5.2.5.3.2", "STATUS.GIO_Master_Enable stays set though CTRL disables the master",
        FaultCourse.UntilReset, Ixgbe);

    /// <summary>Queues cannot be disabled.</summary>
    public static readonly CardFault QueueHangs = new(
        "queue-hangs", "82599 4.6.7.1.2, 4.6.8.1", "RXDCTL.ENABLE and TXDCTL.ENABLE stay set when software clears them",
        FaultCourse.UntilReset, Ixgbe);

    /// <summary>The card takes no more descriptors to send.</summary>
    public static readonly CardFault TransmitHang = new(
        "transmit-hang", "82599 7.2.1.2; virtio 1.2, 5.1.6.2", "no transmit queue moves, though the link is up",
        FaultCourse.UntilReset, Ixgbe, Modern, Legacy);

    /// <summary>A message does not reach the processor, although the card believes it did.</summary>
    public static readonly CardFault LostInterrupt = new(
        "lost-interrupt", "PCI 3.0, 6.8.3; 82599 7.3.1.4", "the next message (MSI, MSI-X) goes nowhere",
        FaultCourse.Next, Ixgbe, Modern, Legacy);

    /// <summary>The IOMMU lets the card reach no memory.</summary>
    public static readonly CardFault DmaRefused = new(
        "dma-refused", "PCI Express 2.0, 2.3.2; virtio 1.2, 2.1.2",
        "reads of memory are aborted, writes are lost; messages still pass", FaultCourse.State, Ixgbe, Modern, Legacy);

    /// <summary>A received frame is reported with an impossible length.</summary>
    public static readonly CardFault BadLength = new(
        "bad-length", "82599 7.1.6.2; virtio 1.2, 2.7.8",
        "the next received frame is reported as longer than its buffer",
        FaultCourse.Next, Ixgbe, Modern, Legacy);

    /// <summary>A received frame is reported as bad, and as continuing in the next descriptor.</summary>
    public static readonly CardFault BadStatus = new(
        "bad-status", "82599 7.1.6.2", "the next received frame has RXE and no EOP in its descriptor",
        FaultCourse.Next, Ixgbe);

    /// <summary>A used descriptor is reported with an impossible id.</summary>
    public static readonly CardFault BadId = new(
        "bad-id", "virtio 1.2, 2.7.8, 2.8.6", "the next used buffer has an id behind the end of the ring",
        FaultCourse.Next, Modern, Legacy);

    /// <summary>The EEPROM's checksum is wrong.</summary>
    public static readonly CardFault EepromChecksum = new(
        "eeprom-checksum", "82599 6.2.14", "word 0x3F is not what the other words need", FaultCourse.State, Ixgbe);

    /// <summary>One of the card's memories has lost bits.</summary>
    public static readonly CardFault MemoryError = new(
        "memory-error", "82599 8.2.3.5.1", "EICR.ECC: an error that cannot be corrected; the card goes on",
        FaultCourse.Once, Ixgbe);

    /// <summary>The card is reset by its firmware or another processor, not by a driver.</summary>
    public static readonly CardFault Reset = new(
        "reset", "82599 4.2.1.6; virtio 1.2, 2.4", "all registers are as after a reset; PCI configuration stays",
        FaultCourse.Once, Ixgbe, Modern, Legacy);

    /// <summary>The device has given up.</summary>
    public static readonly CardFault NeedsReset = new(
        "needs-reset", "virtio 1.2, 2.1.2", "DEVICE_NEEDS_RESET is set, and nothing moves until a reset",
        FaultCourse.Once, Modern);

    /// <summary>The host wants the card back, as before it unplugs it, and waits for it.</summary>
    public static readonly CardFault Unplug = new(
        "unplug", "PCI Express 2.0, 6.7", "the host asks for the card, and waits; until then the card goes on",
        FaultCourse.Once, Ixgbe, Modern, Legacy);

    /// <summary>The card's link has had an error that cannot be corrected.</summary>
    public static readonly CardFault BusError = new(
        "bus-error", "PCI Express 2.0, 6.2", "the host reports an uncorrectable error of the link; the card goes on",
        FaultCourse.Once, Ixgbe, Modern, Legacy);

    /// <summary>The process that serves the card stands still.</summary>
    public static readonly CardFault ServerStalls = new(
        "server-stalls", "vfio-user 0.9.2", "the server stops halfway in a reply, and the card does nothing",
        FaultCourse.State, Ixgbe, Modern, Legacy)
    {
        Needs = "a card that a server serves, as 'ixy sim' does",
    };

    /// <summary>The process that serves the card ends, and is started again.</summary>
    public static readonly CardFault ServerDies = new(
        "server-dies", "vfio-user 0.9.2",
        "the connection ends in the middle of a message, the card is reset, and the next client is served",
        FaultCourse.Once, Ixgbe, Modern, Legacy)
    {
        Needs = ServerStalls.Needs,
    };

    /// <summary>The disk is full to which the far end of the wire writes.</summary>
    public static readonly CardFault DiskFull = new(
        "disk-full", "POSIX.1-2024, write, ENOSPC", "the capture that the wire writes ends here",
        FaultCourse.Once, Ixgbe, Modern, Legacy)
    {
        Needs = "a card whose wire writes a file: wire=pcap:[IN]>OUT",
    };

    private CardFault(string name, string section, string meaning, FaultCourse course, params string[] cards)
    {
        (Name, Section, Meaning, Course, Cards) = (name, section, meaning, course, cards);
        Bit = 1u << s_all.Count;
        s_all.Add(this);
    }

    /// <summary>All faults.</summary>
    public static IReadOnlyList<CardFault> All => s_all;

    /// <summary>Its name in specifiers, such as <c>transmit-hang</c>.</summary>
    public string Name { get; }

    /// <summary>Where the datasheet, the specification or the bus standard describes it.</summary>
    public string Section { get; }

    /// <summary>What happens, as a sentence.</summary>
    public string Meaning { get; }

    /// <summary>The cards that can have it: <c>ixgbe</c>, <c>virtio</c>, <c>virtio-legacy</c>.</summary>
    public IReadOnlyList<string> Cards { get; }

    /// <summary>What else there must be, as a noun phrase; null if these cards always can have it.</summary>
    public string? Needs { get; private init; }

    /// <summary>How long it lasts.</summary>
    internal FaultCourse Course { get; }

    /// <summary>How many nanoseconds it lasts by default; null means forever.</summary>
    internal long? UsualDuration { get; private init; }

    /// <summary>One bit for each fault.</summary>
    internal uint Bit { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>How long a fault lasts if no duration is given.</summary>
internal enum FaultCourse
{
    /// <summary>Forever.</summary>
    State,

    /// <summary>Until the card is reset.</summary>
    UntilReset,

    /// <summary>It affects the next frame, buffer or message, and is then over.</summary>
    Next,

    /// <summary>It happens at once; it has no duration.</summary>
    Once,
}
