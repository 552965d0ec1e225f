using Ixy.Vfio.Interop;
using static Ixy.Testing.RawClient;

namespace Ixy.Hosting.Tests.VfioUser;

/// <summary>DEVICE_GET_IRQ_INFO and DEVICE_SET_IRQS, and the card's interrupts arriving as events.</summary>
public sealed class InterruptTests
{
    private const int EINVAL = 22, Line = 0, Msi = 1, Msix = 2;
    private const int None = 1, Bool = 2, EventFd = 4, Mask = 8, Unmask = 16, Trigger = 32;
    private const uint Config = 7, EICS = 0x808, EIMS = 0x880, GPIE = 0x898, EIAC = 0x810, IVAR = 0x900, EICR = 0x800,
        Cause = 2;

    [Theory]
    [InlineData(Line, 1, 7u)]
    [InlineData(Msi, 1, 3u)]
    [InlineData(Msix, 64, 3u)]
    [InlineData(3, 1, 1u)]
    [InlineData(4, 1, 1u)]
    public void KindsAreCounted(int index, int count, uint flags)
    {
        using var bench = new ServerBench();
        Assert.Equal(Bytes(16, flags, index, count), bench.Client.Ask(GetIrqInfo, Bytes(16, 0, index, 0)).Payload);
        bench.Client.Refused(EINVAL, GetIrqInfo, Bytes(16, 0, 5, 0));
        bench.Client.Refused(EINVAL, GetIrqInfo, Bytes(12, 0, index, 0));
    }

    [Theory]
    [InlineData(None | Bool | Trigger, Msix, 0, 1, 1)] // Two kinds of data
    [InlineData(Trigger, Msix, 0, 1, 0)] // No data type
    [InlineData(None | Trigger | Mask, Msix, 0, 1, 0)] // Two actions
    [InlineData(None, Msix, 0, 1, 0)] // No action
    [InlineData(None | Trigger | 64, Msix, 0, 1, 0)] // An unknown flag
    [InlineData(None | Mask, 5, 0, 1, 0)] // No such interrupt type
    [InlineData(None | Mask, -1, 0, 1, 0)]
    [InlineData(None | Mask, Msix, 64, 1, 0)] // No such vector
    [InlineData(None | Mask, Msix, 1, 64, 0)]
    [InlineData(None | Mask, Msix, -1, 2, 0)]
    [InlineData(None | Mask, Msix, 1, -1, 0)]
    [InlineData(None | Mask, Msix, 0, 0, 0)] // A count of 0 is for disabling
    [InlineData(None | Trigger, Msix, 1, 0, 0)]
    [InlineData(EventFd | Trigger, Msix, 0, 0, 0)]
    [InlineData(Bool | Mask, Msix, 0, 2, 1)] // Too few bytes
    [InlineData(Bool | Mask, Msix, 0, 2, 3)] // Too many bytes
    [InlineData(None | Mask, Msix, 0, 1, 1)]
    [InlineData(None | Trigger, Msix, 0, 1, 0)] // Nothing is connected
    public void NonsenseIsRefused(int flags, int index, int start, int count, int data)
    {
        using var bench = new ServerBench();
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20 + data, flags, index, start, count, new byte[data]));
    }

    [Fact]
    public void DescriptorsAreEventsAndAsManyAsVectors()
    {
        using var bench = new ServerBench();
        int first = bench.Keep(ServerBench.Event()), second = bench.Keep(ServerBench.Event()),
            file = bench.Keep(RawClient.MemoryFile(4096, false));
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 1), first, second);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 3), first, second);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 2), first, file);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Mask, Msix, 0, 1), first);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(16, EventFd | Trigger, Msix, 0, 1), first);
        // None of the refused descriptors was connected.
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Trigger, Msix, 0, 1));
    }

    [Fact] // A write to a pipe or a file may block forever, whatever its name.
    public void AFileIsNoEventThoughItHasTheNameOfOne()
    {
        var directory = Directory.CreateTempSubdirectory("ixy-event-");
        try
        {
            string path = Path.Combine(directory.FullName, "anon_inode:[eventfd]");
            File.WriteAllText(path, "");
            using var bench = new ServerBench();
            int file = bench.Keep(Libc.open(path, Libc.O_RDWR));
            bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 1), file);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void TheClientCanFireAnEventItself()
    {
        using var bench = new ServerBench();
        int first = bench.Keep(ServerBench.Event()), second = bench.Keep(ServerBench.Event());
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Msix, 3, 2), first, second);
        bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, Msix, 3, 2));
        bench.Client.Ask(SetIrqs, Bytes(22, Bool | Trigger, Msix, 3, 2, (byte)0, (byte)1));
        Assert.Equal((1ul, 2ul), (ServerBench.Count(first), ServerBench.Count(second)));
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Msix, 4, 1));
        bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, Msix, 3, 2));
        Assert.Equal((1ul, 0ul), (ServerBench.Count(first), ServerBench.Count(second)));
        bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, Msix, 0, 0));
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Trigger, Msix, 3, 1));
    }

    [Fact]
    public void AnMsixVectorFiresForAClientThatNeverTouchesTheTable()
    {
        using var bench = new ServerBench();
        int first = bench.Keep(ServerBench.Event()), second = bench.Keep(ServerBench.Event());
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 2), first, second);
        Assert.Equal(0x8000u, bench.Client.Read(Config, 0x72, 2) & 0xC000);
        SetUpVector1(bench.Client);
        bench.Client.Write(0, EICS, Cause);
        Expect(second, 1);
        Expect(first, 0);

        bench.Client.Ask(SetIrqs, Bytes(20, None | Mask, Msix, 1, 1));
        bench.Client.Write(0, EICS, Cause);
        Expect(second, 0);
        bench.Client.Ask(SetIrqs, Bytes(20, None | Unmask, Msix, 1, 1));
        Expect(second, 1);

        bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, Msix, 0, 0));
        Assert.Equal(0u, bench.Client.Read(Config, 0x72, 2) & 0xC000);
    }

    [Fact]
    public void AnMsixVectorObeysTheTableOfAClientThatWritesIt()
    {
        using var bench = new ServerBench();
        int first = bench.Keep(ServerBench.Event()), second = bench.Keep(ServerBench.Event());
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 2), first, second);
        bench.Client.Write(4, 0x1C, 1); // Vector control of vector 1: masked
        SetUpVector1(bench.Client);
        bench.Client.Write(0, EICS, Cause);
        Expect(second, 0);
        Assert.Equal(2u, bench.Client.Read(4, 0x2000));
        bench.Client.Write(4, 0x1C, 0);
        Expect(second, 1);
    }

    [Fact]
    public void AfterAResetVectorsAreStillConnected()
    {
        using var bench = new ServerBench();
        int first = bench.Keep(ServerBench.Event()), second = bench.Keep(ServerBench.Event());
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 2), first, second);
        bench.Client.Ask(Reset, []);
        SetUpVector1(bench.Client);
        bench.Client.Write(0, EICS, Cause);
        Expect(second, 1);
        Expect(first, 0);
    }

    [Fact]
    public void MsiFiresAndIsNotForAClientWithMsix()
    {
        using var bench = new ServerBench();
        int descriptor = bench.Keep(ServerBench.Event());
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Msi, 0, 1), descriptor);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 1), descriptor);
        bench.Client.Write(0, EIMS, 1);
        bench.Client.Write(0, EICS, 1);
        Expect(descriptor, 1);
        bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, Msi, 0, 0));
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 1), descriptor);
    }

    [Fact]
    public void TheLineMasksItselfAndFiresAgainWhenItIsStillAsserted()
    {
        using var bench = new ServerBench();
        int descriptor = bench.Keep(ServerBench.Event()), masked = bench.Keep(ServerBench.Event()),
            unmasked = bench.Keep(ServerBench.Event());
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Line, 0, 1), descriptor);
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Mask, Line, 0, 1), masked);
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Unmask, Line, 0, 1), unmasked);
        bench.Client.Write(0, EIMS, 1);
        bench.Client.Write(0, EICS, 1);
        Expect(descriptor, 1);
        bench.Client.Write(0, EICS, 1);
        Expect(descriptor, 0);
        // The cause has not been read, so the line is still asserted.
        bench.Client.Ask(SetIrqs, Bytes(20, None | Unmask, Line, 0, 1));
        Expect(descriptor, 1);
        Expect(masked, 0);
        Expect(unmasked, 1);
        bench.Client.Read(0, EICR);
        bench.Client.Ask(SetIrqs, Bytes(21, Bool | Unmask, Line, 0, 1, (byte)1));
        Expect(descriptor, 0);
        bench.Client.Ask(SetIrqs, Bytes(20, None | Mask, Line, 0, 1));
        Expect(masked, 1);
    }

    [Fact]
    public void TheLineWaitsForTheHostThoughItWasReleasedMeanwhile()
    {
        using var bench = new ServerBench();
        int descriptor = bench.Keep(ServerBench.Event());
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Line, 0, 1), descriptor);
        bench.Client.Write(0, EIMS, 1);
        bench.Client.Write(0, EICS, 1);
        Expect(descriptor, 1);
        bench.Client.Read(0, EICR);
        bench.Client.Write(0, EICS, 1);
        Expect(descriptor, 0);
        bench.Client.Ask(SetIrqs, Bytes(20, None | Unmask, Line, 0, 1));
        Expect(descriptor, 1);
    }

    [Fact]
    public void EventsForMasksAreTakenAwayOneByOneOrWithTheKind()
    {
        using var bench = new ServerBench();
        int masked = bench.Keep(ServerBench.Event()), unmasked = bench.Keep(ServerBench.Event());
        void Connect()
        {
            bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Mask, Msix, 3, 1), masked);
            bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Unmask, Msix, 3, 1), unmasked);
        }
        (ulong, ulong) MaskAndUnmask()
        {
            bench.Client.Ask(SetIrqs, Bytes(20, None | Mask, Msix, 3, 1));
            bench.Client.Ask(SetIrqs, Bytes(20, None | Unmask, Msix, 3, 1));
            return (ServerBench.Count(masked), ServerBench.Count(unmasked));
        }
        Connect();
        Assert.Equal((1ul, 1ul), MaskAndUnmask());
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Mask, Msix, 3, 1));
        Assert.Equal((0ul, 1ul), MaskAndUnmask());
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Unmask, Msix, 3, 1));
        Assert.Equal((0ul, 0ul), MaskAndUnmask());
        Connect();
        bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, Msix, 0, 0));
        Assert.Equal((0ul, 0ul), MaskAndUnmask());
    }

    [Fact]
    public unsafe void AnEventThatIsFullDoesNotHoldTheCardUp()
    {
        using var bench = new ServerBench();
        int descriptor = bench.Keep(Libc.eventfd(0, Libc.EFD_CLOEXEC));
        ulong full = ulong.MaxValue - 1;
        Assert.Equal(8, Libc.write(descriptor, &full, 8));
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, Msix, 0, 1), descriptor);
        for (int i = 0; i < 200; i++) bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, Msix, 0, 1));
        bench.Client.Ask(Reset, []);
        // The card adds to the count as the kernel does, without checking first (a client could fill the count after a
        // check), so a full event overflows to the maximum.
        Assert.Equal(ulong.MaxValue, ServerBench.Count(descriptor));
    }

    // Queue 0's receive cause is bit 1 of EICR, maps to vector 1, and is auto-cleared (8.2.3.5).
    private static void SetUpVector1(RawClient client)
    {
        client.Write(0, GPIE, 0x8000_0010 | 1u << 30);
        client.Write(0, EIAC, Cause);
        client.Write(0, IVAR, 0x81);
        client.Write(0, EIMS, Cause);
    }

    // The card may need a turn before it fires.
    private static void Expect(int descriptor, ulong count)
    {
        ulong found = 0;
        if (count == 0) Thread.Sleep(5);
        else ServerBench.Await(() => (found += ServerBench.Count(descriptor)) >= count, "no interrupt");
        Assert.Equal(count, found + ServerBench.Count(descriptor));
    }
}
