using System.Text.Json;

namespace Ixy.Vm.Tests.Rig;

/// <summary>Where the far end of a NIC's cable is.</summary>
internal enum Cable
{
    /// <summary>No cable: the device is not a NIC.</summary>
    None,

    /// <summary>Unix datagram sockets, one frame per datagram. Needs no root; has one queue.</summary>
    Datagram,

    /// <summary>A TAP interface of the host with two queues. Needs root.</summary>
    Tap,

    /// <summary>A simulated card that contains the far end, as its specifier says.</summary>
    InCard,
}

/// <summary>A PCI device of a guest.</summary>
/// <param name="Model">QEMU's name for it.</param>
/// <param name="Options">QEMU's options, separated by commas; for a card on a socket, its specifier without a wire that
/// is its cable.</param>
/// <param name="Cable">What it is plugged into.</param>
internal sealed record GuestDevice(string Model, string Options = "", Cable Cable = Cable.Datagram)
{
    /// <summary>Without it, DMA addresses are cut to 28 bits.</summary>
    internal const string EduReachesAllMemory = "dma_mask=0xffffffffff";

    /// <summary>Virtio 1.x only, with DMA through the IOMMU.</summary>
    internal const string BehindIommu = "disable-legacy=on,iommu_platform=on,ats=on";

    private const string OnSocket = "vfio-user-pci", UnderLoad = "queue-size=4096,wire=generator,rate=1Mpps";

    /// <summary>A virtio 1.x NIC whose DMA goes through the IOMMU (VIRTIO_F_ACCESS_PLATFORM).</summary>
    internal static GuestDevice VirtioNet { get; } = new("virtio-net-pci", BehindIommu);

    internal static GuestDevice VirtioNetPacked { get; } = new("virtio-net-pci", $"{BehindIommu},packed=on");

    /// <summary>
    /// Two queue pairs, with a vector each for the four queues, for the control queue and for configuration changes.
    /// </summary>
    internal static GuestDevice VirtioNetTwoQueues { get; } =
        new("virtio-net-pci", $"{BehindIommu},mq=on,vectors=6", Cable.Tap);

    /// <summary>The same, but the driver decides how packets are spread (VIRTIO_NET_F_RSS).</summary>
    internal static GuestDevice VirtioNetRss { get; } =
        VirtioNetTwoQueues with { Options = $"{BehindIommu},mq=on,rss=on,vectors=6" };

    /// <summary>Announces an MTU of 9,000 bytes.</summary>
    internal static GuestDevice VirtioNetJumbo { get; } = new("virtio-net-pci", $"{BehindIommu},host_mtu=9000");

    /// <summary>Virtio 1.x, but with DMA that bypasses any IOMMU.</summary>
    internal static GuestDevice VirtioNetPastIommu { get; } = new("virtio-net-pci", "disable-legacy=on");

    /// <summary>Virtio 0.9.5 only.</summary>
    internal static GuestDevice VirtioNetLegacy { get; } = new("virtio-net-pci", "disable-modern=on");

    internal static GuestDevice E1000e { get; } = new("e1000e");

    /// <summary>QEMU's educational device: registers, DMA and interrupts (docs/specs/edu.rst of QEMU).</summary>
    internal static GuestDevice Edu { get; } = new("edu", EduReachesAllMemory, Cable.None);

    /// <summary>The simulated 82599.</summary>
    internal static GuestDevice SimulatedIxgbe { get; } = new(OnSocket, "sim:ixgbe", Cable.Tap);

    internal static GuestDevice SimulatedX540 { get; } = new(OnSocket, "sim:ixgbe,model=x540", Cable.Tap);

    internal static GuestDevice SimulatedX550 { get; } = new(OnSocket, "sim:ixgbe,model=x550", Cable.Tap);

    /// <summary>
    /// The simulated 82599, recording everything that happens to it. Its wire is a loopback, as a recorded card is
    /// slow.
    /// </summary>
    internal static GuestDevice FilmedIxgbe { get; } =
        new(OnSocket, "sim:ixgbe,wire=loopback", Cable.InCard) { IsFilmed = true };

    /// <summary>The simulated virtio-net card.</summary>
    internal static GuestDevice SimulatedVirtio { get; } = new(OnSocket, "sim:virtio", Cable.Tap);

    internal static GuestDevice SimulatedVirtioPacked { get; } = new(OnSocket, "sim:virtio,packed=on", Cable.Tap);

    /// <summary>
    /// The same, with rings of the maximum length, and a far end that sends a million frames per second and checks what
    /// it receives.
    /// </summary>
    internal static GuestDevice SimulatedVirtioUnderLoad { get; } =
        new(OnSocket, $"sim:virtio,{UnderLoad}", Cable.InCard);

    internal static GuestDevice SimulatedVirtioPackedUnderLoad { get; } =
        new(OnSocket, $"sim:virtio,packed=on,{UnderLoad}", Cable.InCard);

    /// <summary>
    /// Not a model of QEMU's, but a simulated card of this process behind a vfio-user socket. Needs QEMU 10.1.
    /// </summary>
    internal bool IsOnSocket => Model == OnSocket;

    /// <summary>Whether everything that happens to it is recorded (<see cref="CardSocket.Recorder"/>).</summary>
    internal bool IsFilmed { get; private init; }

    /// <summary>Whether QEMU has its end of the cable (-netdev).</summary>
    internal bool IsNic => Cable != Cable.None && !IsOnSocket;
}

/// <summary>A guest's hardware. Its devices are functions 0000:00:10.0, 0000:00:11.0 … in order.</summary>
internal sealed record GuestMachine(string Name, params GuestDevice[] Devices)
{
    private const int FirstSlot = 0x10;

    /// <summary>Has an Intel IOMMU that remaps interrupts, which VFIO requires.</summary>
    internal bool HasIommu { get; init; }

    /// <summary>Its IOMMU does not remap interrupts.</summary>
    internal bool LacksInterruptRemapping { get; init; }

    /// <summary>Two NUMA nodes, each with one of the two cores and half of the memory.</summary>
    internal bool HasTwoNodes { get; init; }

    /// <summary>Additions to the kernel's command line.</summary>
    internal string KernelOptions { get; init; } = "";

    internal int MemoryMiB { get; init; } = 1024;

    /// <summary>How long its kernel may print nothing before the first program runs.</summary>
    internal TimeSpan SilenceAtBoot { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether QEMU reaches some cards through sockets, and shares the guest's memory with them.</summary>
    internal bool HasCardsOnSockets => Devices.Any(device => device.IsOnSocket);

    /// <summary>The PCI address of a device.</summary>
    internal static string Address(int device) => $"0000:00:{FirstSlot + device:x2}.0";

    /// <summary>The MAC address of a NIC.</summary>
    internal static string MacAddress(int device) => $"52:54:00:00:00:{FirstSlot + device:x2}";

    /// <summary>QEMU's arguments for this machine.</summary>
    /// <param name="port">Returns the far end of a device's cable.</param>
    /// <param name="card">Returns the socket of a card.</param>
    internal IEnumerable<string> Arguments(Func<int, EthernetPort> port, Func<int, CardSocket> card)
    {
        // No -accel kvm: under a nested /dev/kvm, stock kernels hang.
        List<string> arguments = ["-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", $"{MemoryMiB}"];
        arguments.AddRange(Memory());
        // caching-mode makes QEMU learn of every mapping, so it can tell the cards' processes.
        if (HasIommu)
            arguments.AddRange(["-device", $"intel-iommu,intremap={(LacksInterruptRemapping ? "off" : "on")},device-iotlb=on{(HasCardsOnSockets ? ",caching-mode=on" : "")}"]);
        for (int i = 0; i < Devices.Length; i++)
        {
            if (Devices[i].IsNic) arguments.AddRange(["-netdev", port(i).Netdev($"n{i}")]);
            arguments.AddRange(["-device", Devices[i].IsOnSocket ? CardArgument(i, card(i).Path) : DeviceArgument(i)]);
        }
        return arguments;
    }

    /// <summary>The kernel's command line.</summary>
    /// <remarks>
    /// no_timer_check: otherwise the kernel counts ticks for a moment and panics if there are too few ("timer doesn't
    /// work through Interrupt-remapped IO-APIC"). On a busy host an emulated machine may get none in that time.
    /// </remarks>
    internal string KernelCommandLine =>
        "console=ttyS0 panic=-1 no_timer_check" + (HasIommu ? " intel_iommu=on" : "") + $" {KernelOptions}";

    private IEnumerable<string> Memory()
    {
        if (HasCardsOnSockets)
            return ["-object", $"memory-backend-memfd,id=ram,size={MemoryMiB}M,share=on", "-machine",
            "memory-backend=ram"];
        var nodes = Enumerable.Range(0, HasTwoNodes ? 2 : 0);
        return nodes.SelectMany(node => (string[])["-object", $"memory-backend-ram,id=ram{node},size={MemoryMiB / 2}M",
            "-numa", $"node,nodeid={node},cpus={node},memdev=ram{node}"]);
    }

    // A socket's address is an object, which only JSON can express.
    private string CardArgument(int index, string socketPath) => JsonSerializer.Serialize(new
    {
        driver = Devices[index].Model,
        id = $"d{index}",
        addr = $"{FirstSlot + index:x2}",
        socket = new { type = "unix", path = socketPath },
    });

    private string DeviceArgument(int index)
    {
        var device = Devices[index];
        string argument = $"{device.Model},id=d{index},addr={FirstSlot + index:x2}";
        // Without a boot ROM: Debian's is in a package of its own, and running it takes time.
        if (device.IsNic) argument += $",netdev=n{index},mac={MacAddress(index)},romfile=";
        return device.Options.Length == 0 ? argument : $"{argument},{device.Options}";
    }
}
