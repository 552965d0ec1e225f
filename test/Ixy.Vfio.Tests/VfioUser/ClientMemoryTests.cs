using Ixy.Vfio.Dma;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>A server that maps no memory, and requests every byte: DMA_READ and DMA_WRITE.</summary>
public sealed unsafe class ClientMemoryTests : IDisposable
{
    private const int Header = 16, NoReply = 0x10;
    // One test runs into this timeout.
    private readonly ClientBench _bench = new() { Patience = TimeSpan.FromSeconds(3) };
    private readonly VfioUserPciDevice _device;
    private readonly DmaMemory _memory = DmaMemory.Allocate(4 << 20);

    public ClientMemoryTests()
    {
        _device = _bench.Open();
        DmaArena.Attach(_device);
    }

    [Fact] // The driver sends no command: it polls its memory, as drivers do.
    public void MemoryIsReadWhileTheDriverOnlyPolls()
    {
        new Span<byte>((void*)_memory.Address, 5).Fill(0x77);
        _bench.Server.Send(Command(11, HandDevice.DmaRead, _memory.Address + 1, 5));
        var reply = Reply(11, HandDevice.DmaRead);
        Assert.Equal([.. HandDevice.Longs(_memory.Address + 1, 5), 0x77, 0x77, 0x77, 0x77, 0], reply.Payload);
        Assert.Equal(1u, reply.Flags);
    }

    [Fact]
    public void MemoryIsWrittenWhileTheDriverOnlyPolls()
    {
        _bench.Server.Send(Command(12, HandDevice.DmaWrite, _memory.Address, 4, 1, 2, 3, 4));
        Assert.Equal(HandDevice.Longs(_memory.Address, 4), Reply(12, HandDevice.DmaWrite).Payload);
        Assert.Equal(0x0403_0201u, *(uint*)_memory.Address);
    }

    [Fact] // The server requests descriptors before it replies to the tail write.
    public void MemoryIsServedBetweenACommandAndItsReply()
    {
        _bench.Device.On(HandDevice.RegionWrite, asked =>
        {
            byte[] between = [
                .. Command(1, HandDevice.DmaWrite, _memory.Address, 1, 9),
                .. Command(2, HandDevice.DmaRead, _memory.Address, 1)];
            return new([.. between, .. _bench.Device.UsualReply(asked).Bytes], []);
        });
        _device.OpenBar(0).Write32(0, 1);
        Assert.Equal(9, *(byte*)_memory.Address);
        Assert.Equal([.. HandDevice.Longs(_memory.Address, 1), 9], Reply(2, HandDevice.DmaRead).Payload);
    }

    [Fact]
    public void TheLongestTransferIsOfOneMegabyte()
    {
        *(byte*)(_memory.Address + (1 << 20) - 1) = 3;
        _bench.Server.Send(Command(1, HandDevice.DmaRead, _memory.Address, 1 << 20));
        var reply = Reply(1, HandDevice.DmaRead);
        Assert.Equal((Header + (1 << 20), 3), (reply.Payload.Length, reply.Payload[^1]));
        AssertError(22, HandDevice.DmaRead, _memory.Address, (1 << 20) + 1);
    }

    [Theory]
    [InlineData(0, 4)] // just before the arena
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(0x1000, 1 << 20)]
    public void OtherMemoryIsNotForTheServer(ulong address, ulong count) =>
        AssertError(14, HandDevice.DmaRead, address, count);

    [Fact]
    public void ARangeThatLeavesTheMemoryIsNotForTheServer()
    {
        AssertError(14, HandDevice.DmaWrite, Chunk - 1, 2, 1, 1);
        nuint end = Chunk + ChunkLength;
        AssertError(14, HandDevice.DmaRead, end - 1, 2);
        AssertError(14, HandDevice.DmaRead, end, 1);
    }

    [Fact]
    public void MemoryThatWasTakenAwayIsNotForTheServer()
    {
        var (address, _) = (_memory.Address, _bench.Server.Next(HandDevice.DmaMap));
        _memory.Dispose();
        AssertError(14, HandDevice.DmaWrite, address, 1, 1);
    }

    [Theory]
    [InlineData(HandDevice.DmaRead, 0ul)]
    [InlineData(HandDevice.DmaRead, ulong.MaxValue)]
    [InlineData(HandDevice.DmaWrite, 0ul, (byte)1)]
    [InlineData(HandDevice.DmaWrite, 2ul, (byte)1)]
    [InlineData(HandDevice.DmaWrite, ulong.MaxValue, (byte)1)]
    [InlineData(HandDevice.DmaRead, 1ul, (byte)1)] // a read with data
    public void ACountThatCannotBe(int command, ulong count, params byte[] data) =>
        AssertError(22, command, _memory.Address, count, data);

    [Theory]
    [InlineData(HandDevice.DmaRead)]
    [InlineData(HandDevice.DmaWrite)]
    public void APayloadThatIsTooShort(int command)
    {
        _bench.Server.Send([.. Answer.Header(1, command, 16 + 8, 0, 0), .. HandDevice.Longs(_memory.Address)]);
        AssertError(Reply(1, command), 22);
    }

    [Theory]
    [InlineData(HandDevice.RegionRead)]
    [InlineData(0)]
    [InlineData(0xFFFF)]
    public void OtherCommandsAreForServers(int command)
    {
        _bench.Server.Send(Answer.Header(1, command, 16, 0, 0));
        AssertError(Reply(1, command), 95);
    }

    [Fact] // The no-reply bit: the next reply belongs to the next command.
    public void NoReplyIsSentWhereNoneIsWanted()
    {
        byte[] quiet = Command(1, HandDevice.DmaWrite, _memory.Address, 1, 5);
        quiet[8] = NoReply;
        _bench.Server.Send(quiet);
        _bench.Server.Send(Command(2, HandDevice.DmaWrite, _memory.Address + 1, 1, 6));
        Asked? reply;
        do
        {
            reply = _bench.Server.Next();
        }
        while (reply!.Command != HandDevice.DmaWrite);
        Assert.Equal(2, reply.Id);
        Assert.Equal(0x0605, *(ushort*)_memory.Address);
    }

    [Fact]
    public void DescriptorsThatComeWithACommandAreClosed()
    {
        // Once this reply has arrived, the server has closed what came before.
        Assert.Equal(0x8086, _device.VendorId);
        int before = OpenDescriptors.Count();
        for (ushort i = 1; i < 50; i++)
        {
            _bench.Server.Send(
                Command(i, HandDevice.DmaRead, _memory.Address, 1), _bench.Device.File, _bench.Device.File);
            Reply(i, HandDevice.DmaRead);
        }
        Assert.Equal(0x8086, _device.VendorId);
        Assert.Equal(before, OpenDescriptors.Count());
    }

    [Fact] // It keeps sending commands of its own, and never replies.
    public void AServerThatOnlyAsksIsLate()
    {
        _bench.Device.On(HandDevice.DmaRead, _ => Answer.Nothing);
        byte[] command = Command(1, HandDevice.DmaRead, _memory.Address, 1);
        _bench.Device.On(
            HandDevice.RegionRead, _ => new([.. Enumerable.Repeat(command, 20).SelectMany(bytes => bytes)], []));
        bool answers = true;
        var asking = new Thread(() =>
        {
            while (answers)
            {
                if (!_device.IsGone) Record.Exception(() => _bench.Server.Send(command));
                Thread.Sleep(1);
            }
        });
        asking.Start();
        Assert.Throws<DeviceTimeoutException>(() => _device.ReadConfig(0, 2));
        answers = false;
        asking.Join();
    }

    public void Dispose()
    {
        _device.Dispose();
        _memory.Dispose();
        _bench.Dispose();
    }

    // What the device has been told of the arena: one chunk, with a single buffer in it.
    private nuint Chunk => _memory.Address / DmaArena.FrameLength * DmaArena.FrameLength;

    private nuint ChunkLength => 4 << 20;

    private static byte[] Command(ushort id, int command, ulong address, ulong count, params byte[] data) =>
        [.. Answer.Header(id, command, 32 + data.Length, 0, 0), .. HandDevice.Longs(address, count), .. data];

    private Asked Reply(ushort id, int command)
    {
        Asked? reply;
        do
        {
            reply = _bench.Server.Next();
            Assert.NotNull(reply);
        }
        while ((reply.Flags & 0xF) != 1 || reply.Id != id);
        Assert.Equal(command, reply.Command);
        return reply;
    }

    private void AssertError(int error, int command, ulong address, ulong count, params byte[] data)
    {
        _bench.Server.Send(Command(3, command, address, count, data));
        AssertError(Reply(3, command), error);
    }

    private static void AssertError(Asked reply, int error)
    {
        Assert.Equal(0x21u, reply.Flags);
        Assert.Equal((uint)error, reply.Error);
        Assert.Empty(reply.Payload);
    }
}
