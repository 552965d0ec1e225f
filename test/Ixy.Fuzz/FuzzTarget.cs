using Ixy.Fuzz.Targets;

namespace Ixy.Fuzz;

/// <summary>Code that receives unchecked bytes. Each run starts afresh, so a find depends on its input alone.</summary>
/// <param name="Name">Its name in <c>eng/fuzz</c> and the corpus.</param>
/// <param name="Summary">What the bytes are, and who reads them.</param>
/// <param name="Run">Returns whatever the bytes are; an exception is a find. It catches documented exceptions.</param>
public sealed record FuzzTarget(string Name, string Summary, Action<byte[]> Run)
{
    /// <summary>All targets, by name.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } = [
        new("capture", "a pcap or pcapng file, read whole and in short reads", CaptureTarget.Run),
        new("headers", "a frame, for the drivers' header parser and the card's", HeaderTarget.Run),
        new("specifier", "a text that should name a device, card, wire or fault", SpecifierTarget.Run),
        new("vfio-user-server", "a client's messages, for a server with a card", ServerTarget.Run),
        new("vfio-user-client", "how a server's answers differ from the right ones", ClientTarget.Run),
        new("ixgbe-card", "a driver's accesses to an 82599's registers and rings", IxgbeTarget.Run),
        new("virtio-card", "a driver's accesses to a virtio card's registers and rings", VirtioTarget.Run),
        new("ixgbe-driver", "what an 82599 lies about in registers and descriptors", DriverTarget.RunIxgbe),
        new("virtio-driver", "what a virtio card lies about in registers and rings", DriverTarget.RunVirtio),
    ];

    /// <summary>The target with that name; null if there is none.</summary>
    public static FuzzTarget? Find(string name) => All.FirstOrDefault(target => target.Name == name);
}
