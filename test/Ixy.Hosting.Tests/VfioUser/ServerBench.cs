using Ixy.Hosting.Turns;
using Ixy.Hosting.VfioUser;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using Ixy.Vfio.Interop;

namespace Ixy.Hosting.Tests.VfioUser;

/// <summary>
/// A card served to a hand-written client over a socket pair. On disposal, asserts that no descriptor has leaked.
/// </summary>
internal sealed unsafe class ServerBench : IDisposable
{
    private readonly int _descriptorsBefore = OpenDescriptors();
    private readonly List<int> _kept = [];
    private ClientSession? _session;
    private Thread? _thread;

    internal ServerBench(Func<CardModel>? card = null, bool negotiate = true)
    {
        Card = card?.Invoke() ?? new IxgbeCard(new IxgbeCardOptions { LinkUpDelay = 0 }, new TestWire());
        DeviceThread.Add(Card);
        Client = null!;
        Connect(negotiate);
    }

    internal static ServerBench Virtio() => new(() => new VirtioCard(new VirtioCardOptions(), new TestWire()));

    internal CardModel Card { get; }

    internal TestWire Wire => (TestWire)Card.Wire;

    internal RawClient Client { get; private set; }

    /// <summary>How the last session ended.</summary>
    internal string End { get; private set; } = "";

    /// <summary>
    /// Descriptors of the kinds that servers and clients use; the runtime may open other files at any time.
    /// </summary>
    internal static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Count(IsOfInterest);

    internal static int Event()
    {
        int descriptor = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
        Assert.True(descriptor >= 0);
        return descriptor;
    }

    /// <summary>
    /// Closes a descriptor together with the bench, so that a failing test reports its own failure and not a leak.
    /// </summary>
    internal int Keep(int descriptor)
    {
        _kept.Add(descriptor);
        return descriptor;
    }

    /// <summary>Reads and clears the event's count.</summary>
    internal static ulong Count(int descriptor)
    {
        ulong count = 0;
        _ = Libc.read(descriptor, &count, sizeof(ulong));
        return count;
    }

    internal static byte[] ReadFile(int file, long offset, int count)
    {
        var bytes = new byte[count];
        fixed (byte* start = bytes) Assert.Equal(count, Libc.pread(file, start, (nuint)count, offset));
        return bytes;
    }

    internal static void WriteFile(int file, long offset, byte[] bytes)
    {
        fixed (byte* start = bytes) Assert.Equal(bytes.Length, Libc.pwrite(file, start, (nuint)bytes.Length, offset));
    }

    /// <summary>Waits for something that the device thread does.</summary>
    internal static void Await(Func<bool> condition, string what)
    {
        for (long end = Environment.TickCount64 + 10_000; !condition(); Thread.Sleep(1))
            Assert.True(Environment.TickCount64 < end, what);
    }

    /// <summary>Connects the next client, once the last one has gone.</summary>
    internal void Connect(bool negotiate = true)
    {
        int* pair = stackalloc int[2];
        Assert.Equal(0, Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair));
        Client = new(pair[0]);
        var session = _session = new(Card, pair[1], new(initialState: true));
        _thread = new Thread(() =>
        {
            End = session.Run();
            session.Dispose();
        });
        _thread.Start();
        if (negotiate) Client.Negotiate();
    }

    /// <summary>Ends the connection on the server's side.</summary>
    internal void ShutDown() => _session!.ShutDown();

    /// <summary>Waits until the session has ended and everything that belonged to it is gone.</summary>
    internal void AwaitEnd() => Assert.True(_thread!.Join(20_000), "the session does not end");

    private static bool IsOfInterest(string descriptor)
    {
        string target = new FileInfo(descriptor).LinkTarget ?? "";
        return target.StartsWith("socket:", StringComparison.Ordinal) || target.Contains("[eventfd]")
            || target.Contains("memfd:");
    }

    public void Dispose()
    {
        foreach (int descriptor in _kept) _ = Libc.close(descriptor);
        Client.Dispose();
        _session!.ShutDown();
        AwaitEnd();
        DeviceThread.Remove(Card);
        Card.Dispose();
        Assert.Equal(_descriptorsBefore, OpenDescriptors());
    }
}
