using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// Payload of VERSION and of its reply: two numbers, and the sender's capabilities as NUL-terminated JSON. The defaults
/// are the protocol's, for what a peer does not mention.
/// </summary>
/// <param name="Major">Both peers must have the same.</param>
/// <param name="Minor">The lower of both counts.</param>
public sealed record VersionData(ushort Major, ushort Minor)
{
    private const int NumbersLength = 4;

    /// <summary>Descriptors the sender accepts with one message.</summary>
    public long MaxMessageDescriptors { get; init; } = 1;

    /// <summary>Bytes of data the sender accepts, or gives, with one message.</summary>
    public long MaxTransfer { get; init; } = 1 << 20;

    /// <summary>DMA mappings the sender keeps at a time.</summary>
    public long MaxDmaMaps { get; init; } = 65535;

    /// <summary>Page sizes for DMA mappings, one bit each.</summary>
    public ulong PageSizes { get; init; } = Protocol.PageLength;

    /// <summary>The sender supports REGION_WRITE_MULTI.</summary>
    public bool WritesMultiple { get; init; }

    /// <summary>The server's commands use a separate socket.</summary>
    public bool TwinSocket { get; init; }

    /// <summary>Which of the reply's descriptors is that socket.</summary>
    public long? TwinSocketIndex { get; init; }

    /// <summary>
    /// For clients of this project's server: the client promises to store only doorbells (a ring's tail) to the pages
    /// it maps, and to read nothing there; it does everything else by messages. So pages may be shared even if they
    /// contain registers with side effects.
    /// </summary>
    public bool UsesDoorbellsOnly { get; init; }

    /// <summary>The payload.</summary>
    public byte[] ToBytes()
    {
        var bytes = new ArrayBufferWriter<byte>();
        var numbers = bytes.GetSpan(NumbersLength);
        BinaryPrimitives.WriteUInt16LittleEndian(numbers, Major);
        BinaryPrimitives.WriteUInt16LittleEndian(numbers[2..], Minor);
        bytes.Advance(NumbersLength);
        using (var json = new Utf8JsonWriter(bytes)) WriteTo(json);
        bytes.Write((ReadOnlySpan<byte>)[0]);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Parses a payload.</summary>
    /// <returns>Null if it is invalid: too short, not JSON, or a value of the wrong type or out of range.</returns>
    public static VersionData? Parse(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < NumbersLength) return null;
        var version = new VersionData(
            BinaryPrimitives.ReadUInt16LittleEndian(payload), BinaryPrimitives.ReadUInt16LittleEndian(payload[2..]));
        var text = payload[NumbersLength..];
        if (text.IsEmpty) return version;
        // A NUL ends the text; nothing may be hidden after it.
        if (text.IndexOf((byte)0) != text.Length - 1) return null;
        try
        {
            using var json = JsonDocument.Parse(text[..^1].ToArray());
            return version.With(json.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            // Not JSON, a value of the wrong type, or not a whole number.
            return null;
        }
    }

    private VersionData? With(JsonElement root)
    {
        if (!root.TryGetProperty("capabilities", out var capabilities)) return this;
        var twin = capabilities.TryGetProperty("twin_socket", out var found) ? found : default;
        bool hasTwin = twin.ValueKind != JsonValueKind.Undefined;
        var version = this with
        {
            MaxMessageDescriptors = Number(capabilities, "max_msg_fds") ?? MaxMessageDescriptors,
            MaxTransfer = Number(capabilities, "max_data_xfer_size") ?? MaxTransfer,
            MaxDmaMaps = Number(capabilities, "max_dma_maps") ?? MaxDmaMaps,
            PageSizes = capabilities.TryGetProperty("pgsizes", out var sizes) ? sizes.GetUInt64() : PageSizes,
            WritesMultiple = Truth(capabilities, "write_multiple"),
            UsesDoorbellsOnly = Truth(capabilities, "ixy_doorbells_only"),
            TwinSocket = hasTwin && Truth(twin, "supported"),
            TwinSocketIndex = hasTwin ? Number(twin, "fd_index") : null,
        };
        return version is
        {
            MaxMessageDescriptors: >= 0, MaxTransfer: > 0, MaxDmaMaps: >= 0, PageSizes: > 0,
            TwinSocketIndex: null or >= 0
        }
            ? version
            : null;
    }

    private static long? Number(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    private static bool Truth(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.GetBoolean();

    private void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("capabilities");
        json.WriteNumber("max_msg_fds", MaxMessageDescriptors);
        json.WriteNumber("max_data_xfer_size", MaxTransfer);
        json.WriteNumber("max_dma_maps", MaxDmaMaps);
        json.WriteNumber("pgsizes", PageSizes);
        if (WritesMultiple) json.WriteBoolean("write_multiple", true);
        if (UsesDoorbellsOnly) json.WriteBoolean("ixy_doorbells_only", true);
        if (TwinSocket)
        {
            json.WriteStartObject("twin_socket");
            json.WriteBoolean("supported", true);
            if (TwinSocketIndex is { } index) json.WriteNumber("fd_index", index);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
