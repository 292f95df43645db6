package refundry.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.module.blackbird.BlackbirdModule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The small job on Kafka Streams: read an order of three lines, count the events of its order, say the count.
 *
 * <p>Arguments: bootstrap, source, sink, application id, state directory, then options {@code name=value}: {@code
 * store} (memory or rocksdb), {@code cache} (yes or no), every other name is a setting of Kafka Streams.
 */
public final class CountPerOrder {
  private static final String STORE = "counts";
  private static final Duration CLOSE = Duration.ofSeconds(10);

  private CountPerOrder() {}

  public record Line(String line_id, String sku, String kind, int quantity, long amount_minor) {}

  public record Order(
      String event_id,
      String type,
      String occurred_at,
      String merchant_id,
      String order_id,
      String customer_id,
      String country,
      String currency,
      List<Line> lines) {}

  public record Counted(String event_id, String order_id, long count) {}

  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[3]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put("auto.offset.reset", "earliest");
    boolean inMemory = false;
    boolean cached = false;
    for (int place = 5; place < arguments.length; place++) {
      String[] option = arguments[place].split("=", 2);
      switch (option[0]) {
        case "store" -> inMemory = option[1].equals("memory");
        case "cache" -> cached = option[1].equals("yes");
        default -> settings.put(option[0], option[1]);
      }
    }
    KafkaStreams streams = new KafkaStreams(topology(arguments[1], arguments[2], inMemory, cached), settings);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(CLOSE)));
    streams.start();
  }

  private static Topology topology(String source, String sink, boolean inMemory, boolean cached) {
    KeyValueBytesStoreSupplier kept =
        inMemory ? Stores.inMemoryKeyValueStore(STORE) : Stores.persistentKeyValueStore(STORE);
    StoreBuilder<KeyValueStore<String, Long>> store =
        Stores.keyValueStoreBuilder(kept, Serdes.String(), Serdes.Long()).withLoggingEnabled(Map.of());
    Topology topology = new Topology();
    topology.addSource("orders", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), source);
    topology.addProcessor("count", Count::new, "orders");
    topology.addStateStore(cached ? store.withCachingEnabled() : store.withCachingDisabled(), "count");
    topology.addSink("answers", sink, Serdes.ByteArray().serializer(), Serdes.ByteArray().serializer(), "count");
    return topology;
  }

  private static final class Count implements Processor<byte[], byte[], byte[], byte[]> {
    private static final ObjectMapper JSON = new ObjectMapper().registerModule(new BlackbirdModule());
    private final ObjectReader read = JSON.readerFor(Order.class);
    private final ObjectWriter write = JSON.writerFor(Counted.class);
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<String, Long> counts;

    @Override
    public void init(ProcessorContext<byte[], byte[]> given) {
      context = given;
      counts = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> message) {
      try {
        Order order = read.readValue(message.value());
        Long before = counts.get(order.order_id());
        long count = before == null ? 1 : before + 1;
        counts.put(order.order_id(), count);
        Counted answer = new Counted(order.event_id(), order.order_id(), count);
        context.forward(message.withValue(write.writeValueAsBytes(answer)));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }
}
