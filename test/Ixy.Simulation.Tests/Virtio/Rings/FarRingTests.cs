using Ixy.Simulation.Tests.Ixgbe;

namespace Ixy.Simulation.Tests.Virtio.Rings;

/// <summary>
/// Rings and buffers that the card accesses by copying, while the driver keeps working: what the driver may see, and
/// when.
/// </summary>
public sealed class FarRingTests
{
    private const int Buffers = 4;

    public static TheoryData<string> Kinds => Variants.Names;

    // 2.7.8.2, 2.8.14: a used buffer is complete when the driver can see that it is used.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void ABufferIsWrittenBeforeItIsUsed(string kind)
    {
        foreach (bool ringIsFar in (bool[])[false, true])
        {
            using var bench = Variants.Running(kind);
            ulong buffers = bench.Allocate(0, 4096);
            List<byte[]> sent = [], received = [];
            bench.Scatter(iova => ringIsFar || iova >= buffers, after: Take);
            bench.Receive.AddWritable(Buffers, 1600);
            bench.Receive.Notify();
            for (int i = 0; i < Buffers; i++) sent.Add(VirtioBench.Frame(1400, (byte)(i + 1)));
            bench.Deliver([.. sent]);
            Take();
            Assert.Equal(sent, received);
            Assert.Empty(bench.Rules);

            void Take()
            {
                while (bench.Receive.TakeFrame() is { } frame) received.Add(frame);
            }
        }
    }

    // 2.8.6: the ring spans two pages, and the driver adds a chain that wraps around the ring's end after the device
    // has read the first page.
    [Fact]
    public void AChainThatComesWhileThePackedRingIsReadIsReadWhole()
    {
        const int Size = 4;
        using var bench = VirtioBench.Negotiated(new() { IsPacked = true, QueueSize = Size });
        bench.AddQueue(0, Size);
        bench.Allocate(0, 4096);
        bench.Allocate(4096 - 32, 1);
        bench.AddQueue(1, Size);
        bench.DriverOk();
        for (int i = 0; i < Size - 1; i++) bench.Send(VirtioBench.Frame());
        while (bench.Transmit.TakeUsed() is not null)
        {
        }
        bool isReady = false;
        bench.Scatter(_ => true, read: AddChain);
        isReady = true;
        bench.Run(3_000);
        Assert.False(isReady);
        bench.Transmit.Notify();
        bench.Run();
        Assert.Empty(bench.Rules);
        Assert.Equal(Size, bench.TestWire.FromCard.Count);
        Assert.Equal(VirtioBench.Frame(200), bench.TestWire.FromCard[^1]);

        void AddChain()
        {
            if (!isReady) return;
            isReady = false;
            ulong packet = bench.Place([.. new byte[bench.HeaderLength], .. VirtioBench.Frame(200)]);
            bench.Transmit.Add(
                new Piece(packet, bench.HeaderLength, false),
                new Piece(packet + (ulong)bench.HeaderLength, 200, false));
        }
    }

    // 2.7.7.2, 2.8.10: the device checks whether the driver wants an interrupt after the driver can see what was used.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void ADriverThatAsksForAnInterruptBeforeItCanSeeTheBufferGetsOne(string kind)
    {
        using var bench = Variants.Running(kind);
        var log = new InterruptLog();
        bench.Card.InterruptTarget = log;
        bench.Transmit.AskForInterrupts(false);
        bool asked = false;
        bench.Scatter(_ => true, before: Ask);
        bench.Send(VirtioBench.Frame());
        Assert.True(asked);
        Assert.Equal(1, log.LineChanges);
        Assert.NotNull(bench.Transmit.TakeUsed());

        void Ask()
        {
            if (asked) return;
            bench.Transmit.AskForInterrupts(true);
            asked = true;
        }
    }

    // 2.7.7.2 and 2.8.10 the other way round: the device checks for more buffers after the driver can see that it wants
    // to be notified.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void ABufferThatComesWhenTheDeviceFallsAsleepIsSeen(string kind)
    {
        using var bench = Variants.Running(kind);
        bool isIdle = false, added = false;
        bench.Scatter(_ => true, before: AddUnnoticed);
        bench.Send(VirtioBench.Frame());
        isIdle = true;
        bench.Run(100_000);
        Assert.True(added);
        Assert.Equal(2, bench.TestWire.FromCard.Count);

        void AddUnnoticed()
        {
            if (!isIdle || added || bench.Transmit.IsNotificationWanted) return;
            byte[] packet = [.. new byte[bench.HeaderLength], .. VirtioBench.Frame()];
            bench.Transmit.Add(new Piece(bench.Place(packet), packet.Length, false));
            added = true;
        }
    }
}
