using Ixy.Simulation.Virtio;
using Ixy.Virtio;

namespace Ixy.Simulation.Tests.Virtio;

/// <summary>CSUM and GUEST_CSUM of the model (virtio 1.2, 5.1.6.2 and 5.1.6.4), with hand-made headers.</summary>
public sealed class VirtioChecksumTests
{
    private const ulong Checksum = 1, GuestChecksum = 2;
    private const string TcpWithSumZero =
        "02000000000102000000000a08004500004600000000400666b00a0000010a00000203e807d000000000"
        + "000000005010000000000000df3d2425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";
    private static readonly VirtioCardOptions s_card = new();
    private static readonly OffloadFrame s_frame =
        OffloadFrame.All.Single(frame => frame.Name == "UDP with an odd length");

    [Fact]
    public void TheyAreOfferedUnlessToldOtherwise()
    {
        using VirtioBench without = new(s_card with { HasChecksums = false })
            , with = new(s_card), one = new(s_card with { Withheld = (VirtioFeatures)GuestChecksum });
        Assert.Equal((0ul, 3ul, 1ul), (without.Offered & 3, with.Offered & 3, one.Offered & 3));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TheChecksumIsComputed(int pieces)
    {
        using var bench = VirtioBench.Running(s_card);
        byte[] packet = Packet(Begun(s_frame), s_frame.L4, 6);
        Send(bench, packet, pieces);
        Assert.Equal(s_frame.Bytes, Assert.Single(bench.TestWire.FromCard));
        Assert.Empty(bench.Rules);
    }

    // Only in UDP does a zero have another meaning (RFC 768). The first frame is that of
    // shared/faults/tcp-sum-0000.pcapng.
    [Theory]
    [InlineData(TcpWithSumZero, 34, 16, 0)]
    [InlineData("TCP over IPv6 whose sum is zero", 54, 16, 0)]
    [InlineData("UDP whose sum is zero", 34, 6, 0xFFFF)]
    [InlineData("UDP over IPv6 whose sum is zero", 54, 6, 0xFFFF)]
    public void ASumOfZeroIsReplacedOnlyInUdp(string frame, int start, int offset, int expected)
    {
        byte[] bytes = frame == TcpWithSumZero ? Convert.FromHexString(frame)
            : OffloadFrame.All.Single(known => known.Name == frame).Bytes;
        // The checksum is zero, so the segment sums to the complement of what the field must hold: the pseudo-header's
        // sum.
        byte[] begun = [.. bytes];
        begun.AsSpan(start + offset, 2).Clear();
        int rest = OffloadFrame.Sum(begun.AsSpan(start));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(
            begun.AsSpan(start + offset), (ushort)(0xFFFF - rest));
        using var bench = VirtioBench.Running(s_card);
        Send(bench, Packet(begun, start, offset), 1);
        byte[] sent = Assert.Single(bench.TestWire.FromCard);
        Assert.Equal(expected, System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(sent.AsSpan(start + offset)));
        Assert.Equal(bytes, sent);
        Assert.Empty(bench.Rules);
    }

    // The frame belongs to the driver: a device only reads it.
    [Fact]
    public void TheDriversMemoryStaysAsItIs()
    {
        using var bench = VirtioBench.Running(s_card);
        byte[] packet = Packet(Begun(s_frame), s_frame.L4, 6);
        ulong address = Send(bench, packet, 1);
        Assert.Equal(packet, bench.At(address, packet.Length).ToArray());
    }

    [Theory]
    [InlineData(34, 400, "checksum-range", false)]
    [InlineData(374, 0, "checksum-range", false)]
    [InlineData(65535, 65535, "checksum-range", false)]
    [InlineData(34, 4, "checksum-begun", true)]
    [InlineData(18, 22, "checksum-begun", true)]
    public void APlaceThatIsNoChecksumsIsReported(int start, int offset, string rule, bool isSent)
    {
        using var bench = VirtioBench.Running(s_card);
        Assert.Equal(375, s_frame.Bytes.Length);
        Send(bench, Packet(Begun(s_frame), start, offset), 1);
        Assert.Equal([rule], bench.Rules);
        Assert.Equal(isSent ? 1 : 0, bench.TestWire.FromCard.Count);
    }

    [Fact]
    public void AFieldWithoutThePseudoHeaderIsReported()
    {
        using var bench = VirtioBench.Running(s_card);
        byte[] frame = Begun(s_frame);
        frame.AsSpan(s_frame.ChecksumAt, 2).Clear();
        Send(bench, Packet(frame, s_frame.L4, 6), 1);
        Assert.Equal(["checksum-begun"], bench.Rules);
    }

    [Theory]
    [InlineData(~Checksum, 1)] // not negotiated
    [InlineData(~0ul, 2)] // DATA_VALID does not apply to transmission
    [InlineData(~0ul, 3)]
    public void OtherFlagsAreReported(ulong wanted, byte flags)
    {
        using var bench = VirtioBench.Running(s_card, without: ~wanted);
        byte[] packet = Packet(Begun(s_frame), s_frame.L4, 6);
        packet[0] = flags;
        Send(bench, packet, 1);
        Assert.Equal(["header-fields"], bench.Rules);
        Assert.Equal(Begun(s_frame), Assert.Single(bench.TestWire.FromCard));
    }

    // 5.1.6.4.2: DATA_VALID only if the checksum is correct, and only if the driver knows the flag.
    [Theory]
    [InlineData(0ul, false, 2)]
    [InlineData(0ul, true, 0)]
    [InlineData(GuestChecksum, false, 0)]
    public void AReceivedChecksumIsSaidToBeRight(ulong without, bool isBad, byte expected)
    {
        using var bench = VirtioBench.Running(s_card, without);
        bench.Receive.Add(new Piece(bench.Allocate(2048, 1), 2048, true));
        bench.Receive.NotifyIfWanted();
        bench.Run();
        byte[] frame = [.. VirtioBench.Mac, .. s_frame.Bytes[6..]];
        if (isBad) frame[^1]++;
        ulong address = bench.Allocate(2048, 1);
        bench.Receive.Add(new Piece(address, 2048, true));
        bench.Receive.NotifyIfWanted();
        bench.Deliver(frame, frame);
        Assert.Equal(expected, bench.At(address, 1)[0]);
        Assert.Equal(frame, bench.At(address + 12, frame.Length).ToArray());
        Assert.Empty(bench.Rules);
    }

    // Replaces the garbage in the field by the pseudo-header's sum.
    private static byte[] Begun(OffloadFrame frame)
    {
        byte[] bytes = [.. frame.Bytes];
        int sum = OffloadFrame.Sum(frame.Covered().AsSpan(0, 12));
        (bytes[frame.ChecksumAt], bytes[frame.ChecksumAt + 1]) = ((byte)(sum >> 8), (byte)sum);
        return bytes;
    }

    private static byte[] Packet(byte[] frame, int start, int offset) =>
        [1, 0, 0, 0, 0, 0, (byte)start, (byte)(start >> 8), (byte)offset, (byte)(offset >> 8), 0, 0, .. frame];

    private static ulong Send(VirtioBench bench, byte[] packet, int pieces)
    {
        ulong address = bench.Place(packet);
        var parts = pieces switch
        {
            1 => new Piece[] { new(address, packet.Length, false) },
            2 => [new(address, 12, false), new(address + 12, packet.Length - 12, false)],
            _ => [new(address, 30, false), new(address + 30, 10, false), new(address + 40, packet.Length - 40, false)],
        };
        bench.Transmit.Add(parts);
        bench.Transmit.NotifyIfWanted();
        bench.Run();
        return address;
    }
}
