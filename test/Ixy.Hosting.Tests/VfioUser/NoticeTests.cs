using static Ixy.Testing.RawClient;

namespace Ixy.Hosting.Tests.VfioUser;

/// <summary>
/// The kinds of interrupts behind MSI-X: bus errors and requests to give the device back, as QEMU and others connect
/// them.
/// </summary>
public sealed class NoticeTests
{
    private const int EINVAL = 22, Error = 3, Request = 4;
    private const int None = 1, Bool = 2, EventFd = 4, Mask = 8, Unmask = 16, Trigger = 32;

    [Fact]
    public void EachIsSignalledOnItsOwn()
    {
        using var bench = new ServerBench();
        int error = Connect(bench, Error), request = Connect(bench, Request);
        InProcessPciDevice.BetweenTurns(bench.Card.RequestRelease);
        Assert.Equal((0ul, 1ul), (ServerBench.Count(error), ServerBench.Count(request)));
        InProcessPciDevice.BetweenTurns(bench.Card.ReportBusError);
        Assert.Equal((1ul, 0ul), (ServerBench.Count(error), ServerBench.Count(request)));
        // Neither is an interrupt of the card, and no reset takes it away.
        bench.Client.Ask(Reset, []);
        InProcessPciDevice.BetweenTurns(bench.Card.RequestRelease);
        Assert.Equal(1ul, ServerBench.Count(request));
    }

    [Fact]
    public void OneThatStandsIsSignalledToWhoConnectsLaterAndNotToTheNextClient()
    {
        using var bench = new ServerBench();
        InProcessPciDevice.BetweenTurns(bench.Card.RequestRelease);
        int error = Connect(bench, Error), request = Connect(bench, Request);
        Assert.Equal((0ul, 1ul), (ServerBench.Count(error), ServerBench.Count(request)));
        bench.Client.Dispose();
        bench.AwaitEnd();
        bench.Connect();
        request = Connect(bench, Request);
        Assert.Equal(0ul, ServerBench.Count(request));
    }

    [Theory]
    [InlineData(Error)]
    [InlineData(Request)]
    public void AClientFiresItItselfAndTakesItAway(int index)
    {
        using var bench = new ServerBench();
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Trigger, index, 0, 1));
        int descriptor = Connect(bench, index);
        bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, index, 0, 1));
        bench.Client.Ask(SetIrqs, Bytes(21, Bool | Trigger, index, 0, 1, (byte)0));
        bench.Client.Ask(SetIrqs, Bytes(21, Bool | Trigger, index, 0, 1, (byte)1));
        Assert.Equal(2ul, ServerBench.Count(descriptor));
        // By its vector, as QEMU does, or by its kind.
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, index, 0, 1));
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Trigger, index, 0, 1));
        descriptor = Connect(bench, index);
        bench.Client.Ask(SetIrqs, Bytes(20, None | Trigger, index, 0, 0));
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Trigger, index, 0, 1));
        InProcessPciDevice.BetweenTurns(bench.Card.ReportBusError);
        InProcessPciDevice.BetweenTurns(bench.Card.RequestRelease);
        Assert.Equal(0ul, ServerBench.Count(descriptor));
    }

    [Theory]
    [InlineData(None | Mask, 0, 1, 0)] // There is nothing to mask
    [InlineData(None | Unmask, 0, 1, 0)]
    [InlineData(None | Mask, 0, 0, 0)]
    [InlineData(None | Trigger, 0, 2, 0)] // There is one
    [InlineData(None | Trigger, 1, 1, 0)]
    [InlineData(None | Trigger, 1, 0, 0)]
    [InlineData(Bool | Trigger, 0, 0, 0)] // None at all is for disconnecting
    [InlineData(EventFd | Trigger, 0, 0, 0)]
    [InlineData(Bool | Trigger, 0, 1, 2)] // Too many bytes
    public void NonsenseIsRefused(int flags, int start, int count, int data)
    {
        using var bench = new ServerBench();
        int descriptor = Connect(bench, Request);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20 + data, flags, Request, start, count, new byte[data]));
        Assert.Equal(0ul, ServerBench.Count(descriptor));
    }

    [Fact]
    public void OneEventIsTakenAndNothingElse()
    {
        using var bench = new ServerBench();
        int first = bench.Keep(ServerBench.Event()), second = bench.Keep(ServerBench.Event()),
            file = bench.Keep(MemoryFile(4096, false));
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, EventFd | Trigger, Error, 0, 1), first, second);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, EventFd | Trigger, Error, 0, 1), file);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Trigger, Error, 0, 1), first);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Trigger, Error, 0, 0), first);
        bench.Client.Refused(EINVAL, SetIrqs, Bytes(20, None | Trigger, Error, 0, 1));
    }

    private static int Connect(ServerBench bench, int index)
    {
        int descriptor = bench.Keep(ServerBench.Event());
        bench.Client.Ask(SetIrqs, Bytes(20, EventFd | Trigger, index, 0, 1), descriptor);
        return descriptor;
    }
}
