using System.Diagnostics;
using Ixy.Vfio.Dma;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>A scripted server and what a client does with it, from the first message to the last.</summary>
internal sealed class ClientBench : IDisposable
{
    /// <summary>How long a client waits for a server that stays silent.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// Far less than a client's patience, and far more than a client needs when it waits for nothing, even on a busy
    /// machine.
    /// </summary>
    internal static readonly TimeSpan Moment = TimeSpan.FromSeconds(10);

    internal ClientBench() => Server = new(asked => Device.Reply(asked));

    internal HandDevice Device { get; } = new();

    internal HandServer Server { get; }

    /// <summary>How long the client waits for an answer.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    internal VfioUserPciDevice Open() => new(Server.Path, null, Patience);

    /// <summary>Bytes that the server had sent when <see cref="UseAll"/> had only the disposal left.</summary>
    internal long BytesBeforeEnd { get; private set; }

    /// <summary>Uses every command there is, and disposes the device.</summary>
    internal void UseAll()
    {
        using var device = Open();
        DmaArena.Attach(device);
        // A chunk of its own, mapped and unmapped.
        using (DmaMemory.Allocate(DmaArena.FrameLength)) device.EnableBusMaster();
        var bar = device.OpenBar(0);
        bar.Write32(8, bar.Read32(4));
        bar.Write32(0x1000, 1);
        device.EnableInterrupts(InterruptKind.Msix, 2).Dispose();
        device.EnableInterrupts(InterruptKind.Intx)[0].Unmask();
        device.Reset();
        device.ThrowIfGone();
        BytesBeforeEnd = Server.BytesSent;
    }

    /// <summary>
    /// Runs something against a misbehaving server: it must end quickly, and leave no descriptor open. Returns what it
    /// threw.
    /// </summary>
    /// <param name="action">What to run.</param>
    /// <param name="inVain">The server is going to be silent, so the client has to time out.</param>
    internal static Exception? Watch(Action<ClientBench> action, bool inVain = false)
    {
        // Kept throughout: the arena's own memory file is not one of the client's descriptors.
        using var memory = DmaMemory.Allocate(4096);
        int before = OpenDescriptors.Count();
        long start = Stopwatch.GetTimestamp();
        Exception? thrown;
        using (var bench = inVain ? new ClientBench { Patience = Timeout } : new ClientBench())
            thrown = Record.Exception(() => action(bench));
        // A chunk that the server refused to unmap is free, and is released after its next use.
        DmaMemory.Allocate(DmaArena.FrameLength).Dispose();
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, Moment);
        Assert.Equal(before, OpenDescriptors.Count());
        return thrown;
    }

    public void Dispose()
    {
        Server.Dispose();
        Device.Dispose();
    }
}
