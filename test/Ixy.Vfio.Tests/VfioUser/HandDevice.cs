using System.Buffers.Binary;
using System.Text;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>
/// The replies of a well-behaved device: an 82599 by its ids, with a 16 KiB BAR 0 whose second page can be mapped, and
/// five MSI-X vectors whose table is in BAR 4. Its registers are plain bytes without effects. The reply to any command
/// can be overridden.
/// </summary>
internal sealed unsafe class HandDevice : IDisposable
{
    internal const int Version = 1, DmaMap = 2, DmaUnmap = 3, GetInfo = 4, GetRegionInfo = 5, GetIrqInfo = 7,
        SetIrqs = 8;
    internal const int RegionRead = 9, RegionWrite = 10, DmaRead = 11, DmaWrite = 12, DeviceReset = 13;
    internal const int Vectors = 5, MsixCapability = 0x70;
    private const int BarLength = 0x4000, Page = 0x1000;

    private readonly Dictionary<int,
        byte[]> _regions = new() { [0] = new byte[BarLength], [4] = new byte[Page], [7] = new byte[256] };
    private readonly Dictionary<int, Func<Asked, Answer?>> _others = [];

    internal HandDevice()
    {
        File = Libc.memfd_create("hand", Libc.MFD_CLOEXEC);
        Assert.Equal(0, Libc.ftruncate(File, BarLength));
        var config = _regions[7];
        BinaryPrimitives.WriteUInt32LittleEndian(config, 0x10FB_8086);
        BinaryPrimitives.WriteUInt32LittleEndian(config.AsSpan(0x08), 0x0200_0001);
        config[0x06] = 0x10; // a capability list …
        config[0x34] = MsixCapability;
        config[MsixCapability] = 0x11; // … with MSI-X alone,
        config[MsixCapability + 2] = Vectors - 1;
        config[MsixCapability + 4] = 4; // its table in BAR 4
    }

    /// <summary>The file behind BAR 0.</summary>
    internal int File { get; }

    internal string Capabilities { get; set; } = """{"max_msg_fds":8,"max_data_xfer_size":1048576,"pgsizes":4096}""";

    internal byte[] Config => _regions[7];

    internal byte[] Bar => _regions[0];

    internal byte[] MsixTable => _regions[4];

    /// <summary>Overrides the reply to a command; if the function returns null, the usual reply is sent.</summary>
    internal void On(int command, Func<Asked, Answer?> answer) => _others[command] = answer;

    internal Answer Reply(Asked asked) =>
        _others.TryGetValue(asked.Command, out var other) && other(asked) is { } answer ? answer : UsualReply(asked);

    internal Answer UsualReply(Asked asked) => asked.Command switch
    {
        Version => Answer.To(asked, [0, 0, 1, 0, .. Encoding.UTF8.GetBytes($$"""{"capabilities":{{Capabilities}}}"""), 0]),
        DmaMap or SetIrqs or DeviceReset => Answer.To(asked, []),
        DmaUnmap => Answer.To(asked, asked.Payload),
        GetInfo => Answer.To(asked, Words(16, 3, 9, 5)),
        GetRegionInfo => RegionInfo(asked),
        GetIrqInfo =>
        Answer.To(asked, Words(16, 1, asked.Word(8), asked.Word(8) == 2 ? (uint)Vectors : asked.Word(8) == 0 ? 1u : 0)),
        RegionRead => Answer.To(asked, [.. asked.Payload, .. Register(asked)]),
        RegionWrite => Write(asked),
        _ => Answer.Error(asked, 95),
    };

    /// <summary>A region info structure; areas become a sparse mmap capability.</summary>
    internal static byte[] Info(uint index, ulong size, ulong offset = 0, params (ulong Start, ulong Length)[] areas)
    {
        bool mappable = areas.Length > 0;
        int length = 32 + (mappable ? 16 + 16 * areas.Length : 0);
        byte[] info = [
            .. Words((uint)length, mappable ? 0xFu : 3u, index, mappable ? 32u : 0u), .. Longs(size, offset)];
        return !mappable ? info
            : [.. info, .. Words(0x0001_0001, 0, (uint)areas.Length, 0),
            .. areas.SelectMany(area => Longs(area.Start, area.Length))];
    }

    internal static byte[] Words(params uint[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    internal static byte[] Longs(params ulong[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    public void Dispose() => _ = Libc.close(File);

    private Answer RegionInfo(Asked asked) => asked.Word(8) switch
    {
        0 => Answer.To(asked, Info(0, BarLength, 0, (Page, Page)), File),
        uint index =>
        Answer.To(asked, Info(index, _regions.TryGetValue((int)index, out var bytes) ? (ulong)bytes.Length : 0)),
    };

    private Span<byte> Register(Asked asked) =>
        _regions[(int)asked.Word(8)].AsSpan((int)asked.Long(0), (int)asked.Word(12));

    private Answer Write(Asked asked)
    {
        asked.Payload.AsSpan(16).CopyTo(Register(asked));
        return Answer.To(asked, asked.Payload[..16]);
    }
}
