using Ixy.Checks;
using Ixy.Ixgbe;
using ScalarReceiveQueue = Ixy.Ixgbe.IxgbeReceiveQueue<Ixy.Addresses.VirtualAddresses, Ixy.Ixgbe.NoOffloads>;
using ScalarTransmitQueue = Ixy.Ixgbe.IxgbeTransmitQueue<Ixy.Addresses.VirtualAddresses>;

namespace Ixy.Tests.Ixgbe;

/// <summary>Loops that are compiled around their queues, and calls for single packets.</summary>
public sealed unsafe class QueueLoopTests : IDisposable
{
    private const int RingSize = 64;

    private readonly MemoryDevice _device = new();
    private readonly List<IDisposable> _queues = [];

    [Fact]
    public void EachPairOfQueueTypesHasItsOwnLoop()
    {
        NetworkDeviceOptions options = new() { RingSize = RingSize, PoolSize = 128 };
        ReceiveQueue[] from = [New(new ScalarReceiveQueue(_device, _device.Bar, 0, options)),
            New(new IxgbeVectorReceiveQueue(_device, _device.Bar, 1, options))];
        TransmitQueue[] to = [New(new ScalarTransmitQueue(_device, _device.Bar, 0, options)),
            New(new IxgbeVectorTransmitQueue(_device, _device.Bar, 1, options))];
        var types = from.SelectMany(
            _ => to, (r, t) => new QueueCalls(SingleCalls.Compiled, r, t).Types!.Value).ToList();
        Assert.Equal(4, types.Distinct().Count());
        // Shared code would be compiled for none of them.
        Assert.All(types, pair => Assert.True(pair.Receiver.IsValueType && pair.Transmitter.IsValueType));
        Assert.All(types, pair => Assert.False(pair.Receiver.IsGenericType || pair.Transmitter.IsGenericType));
    }

    [Theory]
    [InlineData(SingleCalls.Batch)]
    [InlineData(SingleCalls.Virtual)]
    [InlineData(SingleCalls.Compiled)]
    public void WhatCannotBeSentIsDroppedAndCountedAndAFullRingLeavesThePacket(SingleCalls kind)
    {
        NetworkDeviceOptions options = new() { RingSize = RingSize, PoolSize = 128 };
        var from = New(new IxgbeVectorReceiveQueue(_device, _device.Bar, 0, options));
        var to = New(new IxgbeVectorTransmitQueue(_device, _device.Bar, 0, options));
        using var pool = new PacketPool(new() { Count = 128 });
        var calls = new QueueCalls(kind, from, to);
        var one = new Packet[1];

        pool.Allocate(one);
        one[0].Length = 2048;
        Assert.Equal((1, 1, 128), (calls.TransmitOrDrop(one), to.Dropped, pool.Available));

        int sent = 0;
        do
        {
            pool.Allocate(one);
            one[0].Length = 60;
        }
        while (calls.TransmitOrDrop(one) > 0 && ++sent < RingSize);

        Assert.Equal((RingSize - 1, RingSize - 1), (sent, to.Pending));
        // The ring has all but one; that one, and only that one, still belongs to the application.
        Assert.Equal((1, 128 - RingSize), (to.Dropped, pool.Available));
        one[0].Free();
    }

    [Theory]
    [InlineData(SingleCalls.Virtual)]
    [InlineData(SingleCalls.Compiled)]
    public void ACheckedQueueWatchesSinglePackets(SingleCalls kind)
    {
        NetworkDeviceOptions options = new() { RingSize = RingSize, PoolSize = 128, CheckedPools = true };
        var from = New(new IxgbeVectorReceiveQueue(_device, _device.Bar, 0, options));
        var to = New(new IxgbeVectorTransmitQueue(_device, _device.Bar, 0, options));
        var calls = new QueueCalls(
            kind, new CheckedReceiveQueue(from, "receive queue"), new CheckedTransmitQueue(to, "transmit queue"));
        var ring = (ulong*)(_device.Bar.Read32(IxgbeRegisters.RDBAL[0])
            | (ulong)_device.Bar.Read32(IxgbeRegisters.RDBAH[0]) << 32);
        ring[1] = 3 | 60ul << 32;
        var one = new Packet[1];

        Assert.Equal(1, calls.Receive(one));
        Assert.NotEqual(0u, one[0].Loan);
        Assert.Equal(1, calls.Transmit(one));
        Assert.Throws<PacketMisuseException>(() => calls.Transmit(one));
        Assert.Throws<PacketMisuseException>(() => one[0].Data.Length);
    }

    public void Dispose()
    {
        foreach (var queue in _queues) queue.Dispose();
        _device.Dispose();
    }

    private TQueue New<TQueue>(TQueue queue) where TQueue : class, IDisposable
    {
        _queues.Insert(0, queue);
        return queue;
    }
}
