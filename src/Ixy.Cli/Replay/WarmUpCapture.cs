using Ixy.Captures;

namespace Ixy.Cli.Replay;

/// <summary>A capture for warm-up.</summary>
internal static class WarmUpCapture
{
    private const int Frames = 1000, Length = 60;

    /// <summary>A file in memory with meaningless frames.</summary>
    internal static byte[] Create()
    {
        var file = new MemoryStream();
        using (var writer = new PcapngWriter(file))
        {
            for (int i = 0; i < Frames; i++) writer.Write(new byte[Length], i);
        }
        return file.ToArray();
    }
}
